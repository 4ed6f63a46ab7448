import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DatasetIndex } from '../../../src/search/memory/dataset-index.ts'
import { blob, bytes, specOf, text } from './table-world.ts'

const POSITION = { epoch: 1, seq: 5, tag: 7n }

function indexOf(rows: Readonly<Record<string, readonly number[]>>, expected = 0): DatasetIndex {
  const made = new DatasetIndex(specOf('index=brute'), POSITION, expected)
  for (const [id, vector] of Object.entries(rows)) made.add(bytes(id), blob(...vector))
  made.flush()
  return made
}

/** Ids of the nearest rows, nearest first. */
function nearest(made: DatasetIndex, query: readonly number[], k = 10): string[] {
  const { index, ids } = made
  if (!index) return []
  const { positions, count } = index.search({ query: Float32Array.from(query), k })
  return Array.from(positions.subarray(0, count), position => text(ids.idAt(position)))
}

test('rows are found under their ids after flush', () => {
  const made = indexOf({ a: [1, 0], b: [0, 1], ä: [1, 1] })
  assert.deepEqual([made.count, made.dim], [3, 2])
  assert.equal(nearest(made, [1, 0], 1)[0], 'a')
  assert.deepEqual(nearest(made, [0, 1]).toSorted(), ['a', 'b', 'ä'])
  assert.ok(made.bytes > 0)
  made.dispose()
})

test('an index is empty until its first vector', () => {
  const made = indexOf({})
  assert.deepEqual([made.count, made.dim, made.index], [0, 0, undefined])
  assert.equal(made.remove(bytes('a')), false)
  made.dispose()
})

test('a row that cannot be found is counted by its reason', () => {
  const made = indexOf({ nan: [NaN, 1], a: [1, 0], long: [1, 0, 0], inf: [Infinity, 0], b: [0, 1] })
  assert.deepEqual(nearest(made, [1, 0]).toSorted(), ['a', 'b'])
  assert.deepEqual(made.rejected, { otherDimension: 1, notFinite: 2 })
  assert.equal(made.mixed, true)
  assert.equal(made.dim, 2)
  made.dispose()
})

test('a vector with a NaN does not fix the dimension', () => {
  const made = indexOf({ nan: [NaN, 1, 2], a: [1, 0] })
  assert.equal(made.dim, 2)
  made.dispose()
})

test('special numbers among many staged rows leave each id with its own vector', () => {
  const rows: Record<string, number[]> = {}
  for (let i = 0; i < 3000; i++) rows[`doc ${i}`] = [i % 7 === 3 ? NaN : 1, i]
  const made = indexOf(rows, 3000)
  const kept = Object.entries(rows).filter(([, [first]]) => !Number.isNaN(first))
  assert.equal(made.count, kept.length)
  assert.equal(made.rejected.notFinite, 3000 - kept.length)
  for (const [id, vector] of kept) {
    const position = made.ids.find(bytes(id))
    assert.ok(made.index!.holds(position, Float32Array.from(vector)), id)
  }
  assert.equal(made.ids.find(bytes('doc 3')), -1)
  made.dispose()
})

test('a removed id is gone, and can be added again', () => {
  const made = indexOf({ a: [1, 0], b: [0, 1] })
  assert.equal(made.remove(bytes('a')), true)
  assert.equal(made.remove(bytes('a')), false)
  assert.deepEqual(nearest(made, [1, 0]), ['b'])
  made.add(bytes('a'), blob(-1, 0))
  made.flush()
  assert.equal(nearest(made, [-1, 0], 1)[0], 'a')
  assert.equal(made.count, 2)
  made.dispose()
})

test('new rows take the places of removed ones', () => {
  const rows: Record<string, number[]> = {}
  for (let i = 0; i < 100; i++) rows[`doc ${i}`] = [1, i]
  const made = indexOf(rows)
  for (let i = 0; i < 100; i += 2) made.remove(bytes(`doc ${i}`))
  for (let i = 0; i < 50; i++) made.add(bytes(`new ${i}`), blob(-1, i))
  made.flush()
  assert.equal(made.index!.positions, 100)
  assert.equal(made.count, 100)
  for (const i of [0, 13, 49]) assert.equal(nearest(made, [-1, i], 1)[0], `new ${i}`)
  for (const i of [1, 51, 99]) assert.equal(nearest(made, [1, i], 1)[0], `doc ${i}`)
  made.dispose()
})

test('an orphan is taken out, and noted for older snapshots', () => {
  const made = indexOf({ a: [1, 0], b: [0, 1] })
  made.recent.add(5, [], 1)
  made.removeOrphan(made.ids.find(bytes('a')))
  assert.deepEqual(nearest(made, [1, 0]), ['b'])
  made.dispose()
})

test('an index of mostly tombstones says so', () => {
  const rows: Record<string, number[]> = {}
  for (let i = 0; i < 5000; i++) rows[`${i}`] = [1, i]
  const made = indexOf(rows, 5000)
  assert.equal(made.mostlyTombstones, false)
  for (let i = 0; i < 2600; i++) made.remove(bytes(`${i}`))
  assert.equal(made.mostlyTombstones, true)
  made.dispose()
})

test('a saved index that is adopted knows its free places', () => {
  const made = indexOf({ a: [1, 0], b: [0, 1], c: [1, 1] })
  made.remove(bytes('b'))
  const adopted = new DatasetIndex(made.spec, POSITION, 0, made.ids)
  adopted.adopt(made.index!)
  adopted.add(bytes('d'), blob(0, -1))
  adopted.flush()
  assert.equal(adopted.index!.positions, 3)
  assert.equal(nearest(adopted, [0, -1], 1)[0], 'd')
  adopted.dispose()
})
