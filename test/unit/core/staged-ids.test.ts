import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StagedIds } from '../../../src/core/staged-ids.ts'

const bytes = (id: string): Uint8Array => new TextEncoder().encode(id)

function idsOf(staged: StagedIds): string[] {
  return Array.from({ length: staged.count }, (_, row) =>
    new TextDecoder().decode(staged.bytes.subarray(staged.start(row), staged.end(row))),
  )
}

test('ids come back as they were pushed, empty and long ones too', () => {
  const ids = ['a', '', 'äöü', 'x'.repeat(5000), ...Array.from({ length: 500 }, (_, i) => `${i}`)]
  const staged = new StagedIds()
  for (const id of ids) staged.push(bytes(id))
  assert.deepEqual(idsOf(staged), ids)
})

test('after clear the next id is the first one', () => {
  const staged = new StagedIds()
  staged.push(bytes('long ago'))
  staged.clear()
  staged.push(bytes('b'))
  assert.deepEqual(idsOf(staged), ['b'])
})
