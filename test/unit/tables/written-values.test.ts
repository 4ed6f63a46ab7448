import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Utf8 } from '../../../src/entries/engine.ts'
import { parseVecOptions } from '../../../src/tables/vec/vec-options.ts'
import {
  writtenDataset,
  writtenEmbedding,
  writtenId,
} from '../../../src/tables/vec/written-values.ts'
import { refused } from '../../refusal.ts'

const F32 = parseVecOptions([], 'docs').type

const blob = (...numbers: number[]): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer)

test('a dataset is text, or the digits of a whole number', () => {
  assert.equal(writtenDataset('a'), 'a')
  assert.equal(writtenDataset(7), '7')
  assert.equal(writtenDataset(2n ** 60n), String(2n ** 60n))
})

test('a dataset that no query could name is refused', () => {
  refused(() => writtenDataset(null), 'SQLITE_CONSTRAINT', 'dataset_id', 'NULL')
  for (const [value, name] of [
    ['', 'dataset_id'],
    [' \t', 'dataset_id'],
    [7.5, 7.5],
    [blob(1), 'BLOB'],
  ] as const) {
    refused(() => writtenDataset(value), 'VEC_QUERY', name)
  }
})

test('an id is text of any bytes, or the digits of a whole number', () => {
  const odd = new Utf8(Uint8Array.of(0xff))
  assert.equal(writtenId('', 'doc_id'), '')
  assert.equal(writtenId(odd, 'doc_id'), odd)
  assert.equal(writtenId(3, 'doc_id'), '3')
  refused(() => writtenId(null, 'key'), 'SQLITE_CONSTRAINT', 'key', 'NULL')
  refused(() => writtenId(1.5, 'key'), 'VEC_QUERY', 'key', 1.5)
  refused(() => writtenId(blob(1), 'key'), 'VEC_QUERY', 'key', 4)
})

test('an embedding is a BLOB as it is, or text of any form; NULL is none', () => {
  const bytes = blob(1, 0.5)
  assert.equal(writtenEmbedding(bytes, 0, F32, 'a', 'x'), bytes)
  assert.deepEqual(writtenEmbedding('[1, 0.5]', 0, F32, 'a', 'x'), bytes)
  assert.deepEqual(writtenEmbedding('1, 0.5', 0, F32, 'a', 'x'), bytes)
  assert.equal(writtenEmbedding(null, 0, F32, 'a', 'x'), null)
})

test('what is not a vector is refused with its document and dataset', () => {
  for (const value of [
    7,
    'word',
    new Uint8Array(5),
    new Uint8Array(0),
    blob(1, NaN),
    blob(Infinity),
    '[]',
    '[1e39]',
    new Utf8(Uint8Array.of(0xff)),
  ]) {
    refused(
      () => writtenEmbedding(value, 0, F32, 'shop', 'doc 1'),
      'VEC_EMBEDDING',
      "'doc 1'",
      "'shop'",
    )
  }
  const id = new Utf8(new TextEncoder().encode('ä'))
  refused(() => writtenEmbedding(7, 0, F32, 'shop', id), 'VEC_EMBEDDING', "'ä'", 7)
})
