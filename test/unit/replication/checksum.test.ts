import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  bucketOf,
  Checksums,
  flawedHash,
  keyOf,
  md5,
  rowHash,
  type HashedRow,
} from '../../../src/replication/checksum.ts'

const ROW: HashedRow = {
  content: 'text',
  meta: null,
  embedding: new Uint8Array([1, 2, 3, 4]),
  embeddingModel: 'm',
  archived: 0,
}
const hash = (value: string): string => createHash('md5').update(value).digest('hex')

test('the hash of a row is what each database computes by itself', () => {
  const embedding = createHash('md5')
    .update(Uint8Array.of(1, 2, 3, 4))
    .digest('hex')
  assert.equal(
    rowHash(ROW, hash('id')),
    hash(`${hash('id')}|${hash('text')}|~|${embedding}|${hash('m')}|0`),
  )
})

const of = (content: HashedRow['content']): string => rowHash({ ...ROW, content }, md5('id'))

test('text and its UTF-8 bytes have one hash; NULL, empty text and a tilde have three', () => {
  assert.equal(of('ä'), of(Buffer.from('ä')))
  assert.equal(new Set([of(null), of(''), of('~')]).size, 3)
})

test('each column is in the hash', () => {
  const others: Partial<HashedRow>[] = [
    { content: 'x' },
    { meta: 'x' },
    { embedding: null },
    { embeddingModel: null },
    { archived: 1 },
  ]
  const hashes = [{}, ...others].map(other => rowHash({ ...ROW, ...other }, md5('id')))
  assert.equal(new Set(hashes).size, 6)
  assert.ok(!hashes.includes(flawedHash(md5('id'), 'content is stored as BLOB')))
})

test('an id keeps its bytes apart, whatever they are', () => {
  assert.equal(keyOf('ä'), '\u00c3\u00a4')
  assert.notEqual(keyOf(Uint8Array.of(0xff)), keyOf(Uint8Array.of(0xfe)))
  assert.equal(keyOf(Uint8Array.of(1, 2, 3).subarray(1)), '\u0002\u0003')
})

function sumsOf(...ids: string[]): Checksums {
  const sums = new Checksums()
  for (const id of ids) sums.add(md5(id), rowHash(ROW, md5(id)))
  return sums
}

test('checksums do not depend on the order of rows', () => {
  assert.deepEqual(sumsOf('a', 'b', 'c').total(), sumsOf('c', 'a', 'b').total())
  assert.equal(sumsOf('a', 'b', 'c').total().rows, 3)
  assert.equal(sumsOf().total().checksum, '0-0-0')
})

test('a row that is missing, added or changed shows in its bucket alone', () => {
  const mine = sumsOf('a', 'b', 'c')
  assert.deepEqual(mine.differing(sumsOf('a', 'b', 'c')), [])
  assert.deepEqual(mine.differing(sumsOf('a', 'b')), [bucketOf(md5('c'))])
  assert.deepEqual(sumsOf('a', 'b').differing(mine), [bucketOf(md5('c'))])
  const changed = sumsOf('a', 'b')
  changed.add(md5('c'), rowHash({ ...ROW, content: 'other' }, md5('c')))
  assert.deepEqual(mine.differing(changed), [bucketOf(md5('c'))])
})

test('a bucket that another side has summed is taken as it is', () => {
  const mine = sumsOf('a', 'b')
  const copy = new Checksums()
  for (const [bucket, sum] of mine.buckets) copy.set(bucket, sum)
  assert.deepEqual(copy.total(), mine.total())
})
