import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConnection, type Connection } from '../../../src/entries/engine.ts'
import { DatasetIndex } from '../../../src/search/memory/dataset-index.ts'
import {
  indexCache,
  type CacheEntry,
  type FileIndexes,
} from '../../../src/search/memory/index-cache.ts'
import { refused } from '../../refusal.ts'
import { blob, bytes, specOf } from './table-world.ts'

const SPEC = specOf('index=brute')

function filled(rows: number): DatasetIndex {
  const made = new DatasetIndex(SPEC, { epoch: 1, seq: 0, tag: 0n }, rows)
  for (let i = 0; i < rows; i++) made.add(bytes(`doc ${i}`), blob(1, i, 2, 3))
  made.flush()
  return made
}

function attached(work: (db: Connection, file: FileIndexes) => void): void {
  using db = openConnection(':memory:')
  work(db, indexCache.attach(db, 'main'))
}

const entryOf = (file: FileIndexes, dataset: string, shadow = '_vec_docs'): CacheEntry =>
  indexCache.entry(file, shadow, dataset, SPEC.id)

test('a place is found again by table, dataset and spec', () => {
  attached((_db, file) => {
    const entry = entryOf(file, 'a')
    assert.equal(entryOf(file, 'a'), entry)
    assert.notEqual(entryOf(file, 'b'), entry)
    assert.notEqual(entryOf(file, 'a', '_vec_other'), entry)
    assert.notEqual(indexCache.entry(file, '_vec_docs', 'a', 'another spec'), entry)
  })
})

test('connections to one schema share its indexes, others do not', () => {
  attached((db, file) => {
    assert.equal(indexCache.attach(db, 'main'), file)
    attached((_other, second) => assert.notEqual(second, file))
  })
})

test('memory is counted while an index is kept, and freed with its connection', () => {
  const before = indexCache.bytes
  attached((_db, file) => {
    const kept = filled(1000)
    indexCache.keep(entryOf(file, 'a'), kept)
    assert.equal(indexCache.bytes, before + kept.bytes)
    const next = filled(10)
    indexCache.keep(entryOf(file, 'a'), next)
    assert.equal(kept.index, undefined)
    assert.equal(indexCache.bytes, before + next.bytes)
  })
  assert.equal(indexCache.bytes, before)
})

test('what was not searched for longest is forgotten first, never what is just kept', () => {
  const { limit } = indexCache
  attached((_db, file) => {
    const entries = ['a', 'b', 'c'].map(dataset => entryOf(file, dataset))
    for (const entry of entries) indexCache.keep(entry, filled(2000))
    indexCache.touch(entries[0])
    try {
      indexCache.limit = indexCache.bytes - 1
      assert.deepEqual(
        entries.map(({ datasetIndex }) => datasetIndex !== undefined),
        [true, false, true],
      )
      indexCache.limit = 0
      indexCache.keep(entries[1], filled(10))
      assert.deepEqual(
        entries.map(({ datasetIndex }) => datasetIndex !== undefined),
        [false, true, false],
      )
    } finally {
      indexCache.limit = limit
    }
  })
})

/** Asks for datasets in turn: which of them had an index, or were given one. */
function searched(file: FileIndexes, datasets: readonly string[]): boolean[] {
  return datasets.map(dataset => {
    const entry = entryOf(file, dataset)
    indexCache.touch(entry)
    if (entry.datasetIndex) return true
    if (!indexCache.admits(entry, () => filled(2000).bytes)) return false
    indexCache.keep(entry, filled(2000))
    return false
  })
}

test('datasets that do not fit together do not push each other out', () => {
  const { limit } = indexCache
  attached((_db, file) => {
    const names = Array.from({ length: 8 }, (_, i) => `set ${i}`)
    const told: string[] = []
    try {
      indexCache.limit = indexCache.bytes + 4.5 * filled(2000).bytes
      indexCache.onFull = ({ dataset }) => told.push(dataset)
      for (let round = 0; round < 5; round++) searched(file, names)
      const stayed = [true, true, true, true, false, false, false, false]
      assert.deepEqual(searched(file, names), stayed)
      assert.deepEqual(told, names.slice(4), 'each is told of once')
    } finally {
      indexCache.limit = limit
      indexCache.onFull = undefined
    }
  })
})

test('a dataset that is searched often takes the place of those that were idle for long', () => {
  const { limit } = indexCache
  attached((_db, file) => {
    try {
      indexCache.limit = indexCache.bytes + 2.5 * filled(2000).bytes
      searched(file, ['a', 'b', 'a', 'b'])
      // The first search says nothing of how often there will be another.
      const found = searched(file, ['c', 'c', 'c', 'c', 'c', 'c', 'c', 'c'])
      assert.deepEqual(found.slice(0, 3), [false, false, false])
      assert.equal(found.at(-1), true)
      assert.deepEqual(searched(file, ['b', 'a']), [true, false])
    } finally {
      indexCache.limit = limit
    }
  })
})

test('an index that is alone has room whatever the limit is', () => {
  const { limit } = indexCache
  attached((_db, file) => {
    try {
      indexCache.limit = 0
      assert.deepEqual(searched(file, ['a', 'a']), [false, true])
    } finally {
      indexCache.limit = limit
    }
  })
})

test('a limit is a number of bytes from 0', () => {
  const { limit } = indexCache
  for (const bad of [-1, NaN, '256', null, true, [], undefined, 1n]) {
    refused(() => (indexCache.limit = bad as number), 'RangeError', 'indexCache.limit')
  }
  assert.equal(indexCache.limit, limit)
})

test('forgetting tells how many places it touched, of a table or of one dataset', () => {
  attached((_db, file) => {
    for (const dataset of ['a', 'b']) indexCache.keep(entryOf(file, dataset), filled(10))
    indexCache.keep(entryOf(file, 'a', '_vec_other'), filled(10))
    assert.equal(indexCache.forget(file.key, '_vec_docs', 'a'), 1)
    assert.equal(entryOf(file, 'a').datasetIndex, undefined)
    assert.notEqual(entryOf(file, 'b').datasetIndex, undefined)
    assert.equal(indexCache.forget(file.key, '_vec_docs', undefined), 2)
    assert.equal(indexCache.forget('another file', '_vec_docs', undefined), 0)
    assert.notEqual(entryOf(file, 'a', '_vec_other').datasetIndex, undefined)
  })
})
