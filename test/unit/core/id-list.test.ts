import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdList } from '../../../src/core/id-list.ts'
import { IdTable } from '../../../src/core/id-table.ts'

const bytes = (id: string): Uint8Array => new TextEncoder().encode(id)

function idsOf(staged: IdList): string[] {
  return Array.from({ length: staged.length }, (_, row) =>
    new TextDecoder().decode(staged.bytes.subarray(staged.start(row), staged.end(row))),
  )
}

test('ids come back as they were pushed, empty and long ones too', () => {
  const ids = ['a', '', 'äöü', 'x'.repeat(5000), ...Array.from({ length: 500 }, (_, i) => `${i}`)]
  const staged = new IdList()
  for (const id of ids) staged.push(bytes(id))
  assert.deepEqual(idsOf(staged), ids)
})

test('after clear the next id is the first one', () => {
  const staged = new IdList()
  staged.push(bytes('long ago'))
  staged.clear()
  staged.push(bytes('b'))
  assert.deepEqual(idsOf(staged), ['b'])
})

test('an id table finds the positions of a list, also after ids were deleted', () => {
  const table = new IdTable()
  const names = Array.from({ length: 500 }, (_, i) =>
    i % 50 === 0 ? 'x'.repeat(i + 1) : `id ${i}`,
  )
  for (const name of names) table.append(bytes(name))
  table.find(bytes('id 1'))
  for (const deleted of [0, 7, 450]) table.forget(deleted)
  const list = new IdList()
  const asked = ['missing', ...names.toReversed(), '', 'id 8']
  for (const id of asked) list.push(bytes(id))
  const found: number[] = []
  table.eachPosition(list, position => found.push(position))
  const expected = asked.map(id => table.find(bytes(id))).filter(position => position >= 0)
  assert.deepEqual(found, expected)
  assert.equal(found.length, 498)
  table.eachPosition(new IdList(), () => assert.fail('an empty list has no positions'))
})
