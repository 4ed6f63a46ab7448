import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentChanges } from '../../../src/search/memory/recent-changes.ts'
import { bytes, text } from './table-world.ts'

const ids = (...names: string[]): Uint8Array[] => names.map(bytes)
const shown = (found: Uint8Array[] | undefined): string[] | undefined => found?.map(text)

/** An index that was made at entry 10, in the snapshot of order 1, and brought up to date twice. */
function changes(): RecentChanges {
  const recent = new RecentChanges(10, 1)
  recent.add(12, ids('a', 'b'), 3)
  recent.add(15, ids('b', 'c'), 5)
  return recent
}

test('a snapshot looks up what changed after its last entry, each id once', () => {
  const recent = changes()
  assert.deepEqual(shown(recent.since(10, 1)), ['a', 'b', 'c'])
  assert.deepEqual(shown(recent.since(12, 3)), ['b', 'c'])
  assert.deepEqual(shown(recent.since(15, 5)), [])
})

test('a snapshot from before the index is not led back', () => {
  const recent = changes()
  assert.equal(recent.since(9, 1), undefined)
  assert.equal(recent.since(10, 0), undefined)
  assert.equal(recent.since(12, undefined), undefined)
})

test('without an order of snapshots nothing is remembered', () => {
  const recent = new RecentChanges(10, undefined)
  recent.add(12, ids('a'), 3)
  assert.equal(recent.since(12, 3), undefined)
})

test('an older snapshot is told from a file that was put back', () => {
  const recent = changes()
  assert.equal(recent.isNewerThan(4), true)
  assert.equal(recent.isNewerThan(5), false)
  assert.equal(recent.isNewerThan(undefined), false)
  assert.equal(new RecentChanges(1, undefined).isNewerThan(0), false)
})

test('an id noted later counts for older snapshots, too', () => {
  const recent = changes()
  recent.note(15, ids('gone'))
  assert.deepEqual(shown(recent.since(12, 3)), ['b', 'c', 'gone'])
})

test('of very many changes the oldest are forgotten, and with them the oldest snapshots', () => {
  const recent = new RecentChanges(0, 1)
  for (let seq = 1; seq <= 5; seq++) {
    recent.add(
      seq,
      Array.from({ length: 600 }, (_, i) => bytes(`${seq} ${i}`)),
      seq + 1,
    )
  }
  assert.equal(recent.since(0, 1), undefined)
  assert.equal(recent.since(1, 2), undefined)
  assert.equal(recent.since(2, 3)?.length, 1800)
})
