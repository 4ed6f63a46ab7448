import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RowSample, rows, rowsHave } from '../../../src/core/row-sample.ts'

const sampleOf = (...ids: string[]): RowSample => {
  const sample = new RowSample()
  for (const id of ids) sample.add(new TextEncoder().encode(id))
  return sample
}

test('the first three ids are shown, the others counted', () => {
  assert.equal(sampleOf().shown, '')
  assert.equal(sampleOf('a').shown, "'a'")
  assert.equal(sampleOf('a', 'b', 'ä').shown, "'a', 'b', 'ä'")
  assert.equal(sampleOf('a', 'b', 'c', 'd').shown, "'a', 'b', 'c' and 1 more")
})

test('of thousands of rows a few ids are kept, and all are counted', () => {
  const sample = sampleOf(...Array.from({ length: 3000 }, (_, i) => `doc ${i}`))
  assert.equal(sample.count, 3000)
  assert.ok(sample.ids.length < 100)
  assert.equal(sample.shown, "'doc 0', 'doc 1', 'doc 2' and 2997 more")
})

test('one row has, two rows have', () => {
  assert.deepEqual([rowsHave(1), rowsHave(2)], ['1 row has', '2 rows have'])
  assert.deepEqual([rows(0), rows(1)], ['0 rows', '1 row'])
})
