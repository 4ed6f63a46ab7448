import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAwaited, overtake, WaitingUpsert } from '../../../src/documents/call-order.ts'
import { ALL_FIELDS, type DocumentWrite } from '../../../src/documents/document-fields.ts'
import { loadEngine, openConnection, type Connection } from '../../../src/entries/engine.ts'

await loadEngine()

const CONTENT = 1
const META = 2

const write = (id: string): DocumentWrite => ({ id, fields: { content: 'c', meta: 'm' } })
const idsAndFields = (writes: readonly DocumentWrite[]): string[] =>
  writes.map(({ id, fields }) => `${id}: ${Object.keys(fields).join(' ')}`)

function inMemory(work: (db: Connection) => void): void {
  using db = openConnection(':memory:')
  work(db)
}

test('a later call takes its fields away from an earlier one that waits', () => {
  inMemory(db => {
    const early = new WaitingUpsert(db, '_vec_docs', 'd', ['a', 'b', 'c'])
    overtake(db, '_vec_docs', 'd', [
      ['a', META],
      ['b', ALL_FIELDS],
      ['x', ALL_FIELDS],
    ])
    const left = early.notOvertaken([write('a'), write('b'), write('c')])
    assert.deepEqual(idsAndFields(left), ['a: content', 'c: content meta'])
  })
})

test('fields that several calls have written add up', () => {
  inMemory(db => {
    const early = new WaitingUpsert(db, '_vec_docs', 'd', ['a'])
    overtake(db, '_vec_docs', 'd', [['a', META]])
    overtake(db, '_vec_docs', 'd', [['a', CONTENT]])
    assert.deepEqual(early.notOvertaken([write('a')]), [])
  })
})

test('a call overtakes those before it, and none after it', () => {
  inMemory(db => {
    const calls = [1, 2, 3].map(() => new WaitingUpsert(db, '_vec_docs', 'd', ['a']))
    overtake(db, '_vec_docs', 'd', [['a', ALL_FIELDS]], calls[1])
    assert.deepEqual(
      calls.map(call => call.notOvertaken([write('a')]).length),
      [0, 1, 1],
    )
  })
})

test('another dataset or table is left alone; the case of a table name does not count', () => {
  inMemory(db => {
    const early = new WaitingUpsert(db, '_vec_Docs', 'd', ['a'])
    overtake(db, '_vec_docs', 'D', [['a', ALL_FIELDS]])
    overtake(db, '_vec_other', 'd', [['a', ALL_FIELDS]])
    assert.equal(early.notOvertaken([write('a')]).length, 1)
    overtake(db, '_VEC_docs', 'd', [['a', ALL_FIELDS]])
    assert.equal(early.notOvertaken([write('a')]).length, 0)
  })
})

test('a write that is rolled back has overtaken nothing', () => {
  inMemory(db => {
    const early = new WaitingUpsert(db, '_vec_docs', 'd', ['a', 'b'])
    db.exec('BEGIN')
    overtake(db, '_vec_docs', 'd', [['a', ALL_FIELDS]])
    db.exec('SAVEPOINT s')
    overtake(db, '_vec_docs', 'd', [['b', ALL_FIELDS]])
    db.exec('ROLLBACK TO s; COMMIT')
    assert.deepEqual(idsAndFields(early.notOvertaken([write('a'), write('b')])), [
      'b: content meta',
    ])
    const next = new WaitingUpsert(db, '_vec_docs', 'd', ['a'])
    db.exec('BEGIN')
    overtake(db, '_vec_docs', 'd', [['a', ALL_FIELDS]])
    db.exec('ROLLBACK')
    assert.equal(next.notOvertaken([write('a')]).length, 1)
  })
})

test('without calls that wait nothing is noted', () => {
  inMemory(db => {
    overtake(db, '_vec_docs', 'd', [['a', ALL_FIELDS]])
    assert.deepEqual(db.prepare('SELECT name FROM sqlite_temp_schema').all(), [])
  })
})

test('a document is awaited until its call ends', () => {
  inMemory(db => {
    const call = new WaitingUpsert(db, '_vec_docs', 'd', ['a'])
    assert.equal(isAwaited(db, '_VEC_DOCS', 'd', 'a'), true)
    assert.equal(isAwaited(db, '_vec_docs', 'd', 'b'), false)
    assert.equal(isAwaited(db, '_vec_docs', 'e', 'a'), false)
    call.end()
    assert.equal(isAwaited(db, '_vec_docs', 'd', 'a'), false)
  })
})
