import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Journal,
  journalRange,
  noteChanges,
  type JournalHead,
} from '../../../src/search/journal/journal.ts'
import { bytes, TABLE, TableWorld, text } from './table-world.ts'

class JournalWorld extends TableWorld {
  readonly journal: Journal = new Journal(this.db, 'main')

  get head(): JournalHead {
    const head = this.journal.head()
    assert.ok(typeof head === 'object', 'missing or unsound')
    return head
  }

  changed(seq: number, dataset = 'd', limit = 100): string[] | undefined {
    return this.journal.changedIds(seq, TABLE, dataset, limit)?.map(text).toSorted()
  }

  override [Symbol.dispose](): void {
    this.journal.dispose()
    super[Symbol.dispose]()
  }
}

test('before the first change the journal stands at 0', () => {
  using world = new JournalWorld()
  const { seq, tag, prunedSeq, epoch } = world.head
  assert.deepEqual([seq, tag, prunedSeq], [0, 0n, 0])
  assert.ok(Number.isSafeInteger(epoch) && epoch >= 0)
  assert.deepEqual(journalRange(world.db, 'main'), { first: 0, last: 0 })
})

test('a change that can alter an answer is an entry, another one is not', () => {
  using world = new JournalWorld()
  const { db } = world
  world.put('a', [1, 0])
  world.put('b', null)
  const before = world.head.seq
  db.exec(`UPDATE ${TABLE} SET content = 'text', embedding_model = 'm'`)
  assert.equal(world.head.seq, before)
  db.exec(`UPDATE ${TABLE} SET archived = 1 WHERE id = 'a'`)
  assert.deepEqual(world.changed(before), ['a'])
  world.delete('b')
  assert.deepEqual(world.changed(before), ['a', 'b'])
})

test('ids that changed come once each, of one dataset and one table alone', () => {
  using world = new JournalWorld()
  for (const id of ['a', 'b', 'a', 'ä']) world.put(id, [1])
  const { seq } = world.head
  world.put('c', [1], 'other')
  world.put('a', [2])
  assert.deepEqual(world.changed(0), ['a', 'b', 'ä'])
  assert.deepEqual(world.changed(seq), ['a'])
  assert.deepEqual(world.changed(0, 'other'), ['c'])
  assert.deepEqual(world.journal.changedIds(0, '_vec_other', 'd', 9), [])
})

test('more ids than the limit are not given at all', () => {
  using world = new JournalWorld()
  for (const id of ['a', 'b', 'c']) world.put(id, [1])
  assert.equal(world.changed(0, 'd', 2), undefined)
  assert.equal(world.changed(0, 'd', 3)?.length, 3)
})

test('a history goes through each of its own positions', () => {
  using world = new JournalWorld()
  const positions = [world.head]
  for (const id of ['a', 'b', 'c']) {
    world.put(id, [1])
    positions.push(world.head)
  }
  for (const position of positions) {
    assert.ok(world.journal.follows(position, world.head), String(position.seq))
  }
})

test('another epoch, another tag or a later number is another history', () => {
  using world = new JournalWorld()
  world.put('a', [1])
  const early = world.head
  world.put('b', [1])
  const { journal, head } = world
  assert.ok(!journal.follows({ ...head, epoch: head.epoch + 1 }, head))
  assert.ok(!journal.follows({ ...head, tag: head.tag ^ 1n }, head))
  assert.ok(!journal.follows({ ...early, tag: early.tag ^ 1n }, head))
  assert.ok(!journal.follows({ ...head, seq: head.seq + 1 }, head))
})

test('numbers that a rollback freed are given again, with other tags', () => {
  using world = new JournalWorld()
  world.put('a', [1])
  world.db.exec('BEGIN')
  world.put('b', [1])
  const rolledBack = world.head
  world.db.exec('ROLLBACK')
  assert.ok(!world.journal.follows(rolledBack, world.head))
  world.put('c', [1])
  assert.equal(world.head.seq, rolledBack.seq)
  assert.ok(!world.journal.follows(rolledBack, world.head))
  world.put('d', [1])
  assert.ok(!world.journal.follows(rolledBack, world.head))
})

test('a position before the pruned entries proves nothing', () => {
  using world = new JournalWorld()
  const start = world.head
  const positions = ['a', 'b', 'c'].map(id => {
    world.put(id, [1])
    return world.head
  })
  world.db.exec(
    'UPDATE vec_journal_state SET pruned_seq = 2; DELETE FROM vec_journal WHERE seq <= 1',
  )
  const { journal, head } = world
  assert.equal(head.epoch, start.epoch)
  assert.deepEqual(
    [start, ...positions].map(position => journal.follows(position, head)),
    [false, false, true, true],
  )
})

test('entries that are deleted or rewritten by hand begin a new epoch', () => {
  for (const sql of [
    'DELETE FROM vec_journal WHERE seq = 1',
    'UPDATE vec_journal SET id = 1 WHERE seq = 1',
  ]) {
    using world = new JournalWorld()
    world.put('a', [1])
    world.put('b', [1])
    const before = world.head
    world.db.exec(sql)
    assert.notEqual(world.head.epoch, before.epoch, sql)
    assert.ok(!world.journal.follows(before, world.head))
  }
})

test('a state or an entry that no trigger wrote is unsound, a missing state is missing', () => {
  const states: readonly [sql: string, head: 'missing' | 'unsound'][] = [
    ['DELETE FROM vec_journal_state', 'missing'],
    ['UPDATE vec_journal_state SET epoch = -1', 'unsound'],
    ['UPDATE vec_journal_state SET epoch = 1e300', 'unsound'],
    ["UPDATE vec_journal_state SET pruned_seq = 'x'", 'unsound'],
    ['INSERT INTO vec_journal(seq, tag) VALUES (9223372036854775807, 1)', 'unsound'],
    ["INSERT INTO vec_journal(seq, tag) VALUES (5, 'x')", 'unsound'],
  ]
  for (const [sql, head] of states) {
    using world = new JournalWorld()
    world.db.exec(sql)
    assert.equal(world.journal.head(), head, sql)
  }
})

test('the range of a sound journal is its first and last number', () => {
  using world = new JournalWorld()
  for (const id of ['a', 'b', 'c']) world.put(id, [1])
  assert.deepEqual(journalRange(world.db, 'main'), { first: 1, last: 3 })
  world.db.exec('INSERT INTO vec_journal(seq, tag) VALUES (-5, 1)')
  assert.equal(journalRange(world.db, 'main'), undefined)
})

test('noted changes are entries like those of the triggers', () => {
  using world = new JournalWorld()
  noteChanges(world.db, 'main', TABLE, 'd', [bytes('x'), Uint8Array.of(0xff)])
  assert.equal(world.head.seq, 2)
  assert.notEqual(world.head.tag, 0n)
  const ids = world.journal.changedIds(0, TABLE, 'd', 9)!.toSorted(([a], [b]) => a - b)
  assert.deepEqual(ids, [Uint8Array.of(0x78), Uint8Array.of(0xff)])
})
