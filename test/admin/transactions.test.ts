import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import {
  admin,
  assertExact,
  assertMends,
  complaints,
  elsewhere,
  filled,
  LARGE,
  newPath,
  SMALL,
  topics,
} from './scene.ts'

const READING = ['stats', 'check', 'explain']
const WRITING = ['reindex', 'optimize', 'repair', 'export:brute', 'export:cover']

test('what only reads can fill a table of findings', async () => {
  for (const size of [SMALL, LARGE]) {
    const path = newPath()
    const db = await filled(path, size)
    elsewhere(path, "UPDATE _vec_docs SET embedding_model = 'm ' || (rowid % 2)")
    db.exec('CREATE TABLE log(op, severity, topic, dataset_id, remedy)')
    for (const word of READING) {
      const insert = db.prepare(
        'INSERT INTO log SELECT op, severity, topic, dataset_id, remedy FROM vec_admin WHERE op MATCH ?',
      )
      const { changes } = insert.run(`${word}:docs:a`)
      assert.ok(changes > 3, word)
      db.exec('BEGIN; DELETE FROM log')
      insert.run(`${word}:docs:a`)
      db.exec('ROLLBACK')
    }
    assert.ok(db.prepare("SELECT count(*) FROM log WHERE topic = 'models'").pluck().get())
    assertExact(db, 'a', size.dim)
    db.close()
  }
})

test('what writes is refused inside a statement that writes, and leaves everything as it was', async () => {
  for (const size of [SMALL, LARGE]) {
    const path = newPath()
    const db = await filled(path, size)
    elsewhere(path, 'DROP TRIGGER vec_journal__vec_docs_inserted')
    db.exec('CREATE TABLE log(op); CREATE TEMP TABLE scratch(op)')
    const state = (): unknown[] => [
      db.pragma('schema_version', { simple: true }),
      db.prepare('SELECT count(*) FROM log').pluck().get(),
      db.prepare('SELECT count(*), sum(length("index")) FROM vector_storage').raw().get(),
      db.prepare('SELECT count(*), sum(length(data)) FROM vector_storage_chunks').raw().get(),
      db.prepare('SELECT epoch, pruned_seq FROM vec_journal_state').raw().get(),
    ]
    const before = state()
    for (const word of WRITING) {
      for (const table of ['log', 'scratch']) {
        for (const begin of ['', 'BEGIN; ', 'BEGIN IMMEDIATE; ', 'SAVEPOINT s; ']) {
          if (begin !== '') db.exec(begin)
          assert.throws(
            () =>
              db.exec(
                `INSERT INTO ${table} SELECT op FROM vec_admin WHERE op MATCH '${word}:docs:a'`,
              ),
            {
              code: 'VEC_QUERY',
              message: new RegExp(
                `^vec_admin: ${word.split(':')[0]} writes, so it cannot run inside a statement that writes`,
              ),
            },
          )
          assert.equal(db.inTransaction, begin !== '')
          if (begin !== '') db.exec('ROLLBACK')
          assert.deepEqual(state(), before)
        }
      }
    }
    assertMends(db, 'repair:docs:a', size.dim)
    db.close()
  }
})

test('inside a transaction everything works, and goes with it', async () => {
  for (const size of [SMALL, LARGE]) {
    const path = newPath()
    const db = await filled(path, size)
    for (const end of ['ROLLBACK', 'COMMIT']) {
      for (const word of [...READING, ...WRITING]) {
        db.exec('BEGIN')
        db.exec("UPDATE _vec_docs SET id = 'renamed' WHERE dataset_id = 'a' AND id = 'doc 9'")
        assert.ok(admin(db, `${word}:docs:a`).length > 0)
        assert.equal(db.inTransaction, true)
        assertExact(db, 'a', size.dim)
        db.exec(end)
        assertExact(db, 'a', size.dim)
        assert.deepEqual(complaints(admin(db, 'check:docs:a')), [], `${word} ${end}`)
        db.exec("UPDATE _vec_docs SET id = 'doc 9' WHERE dataset_id = 'a' AND id = 'renamed'")
      }
    }
    db.close()
  }
})

test('a file that is open for reading only can be looked at, and not changed', async () => {
  for (const size of [SMALL, LARGE]) {
    const path = newPath()
    ;(await filled(path, size)).close()
    const db = await open(path, { readonly: true })
    for (const word of READING) assert.deepEqual(complaints(admin(db, `${word}:docs:a`)), [])
    assert.deepEqual(
      admin(db, 'docs:a').map(row => row.op),
      [`reindexed:${size.rows}`],
    )
    assert.deepEqual(topics(admin(db, 'optimize:docs:a')), ['warning optimize'])
    for (const word of ['repair', 'export:brute', 'export:cover']) {
      assert.throws(() => admin(db, `${word}:docs:a`), {
        code: 'SQLITE_READONLY',
        message: /read-only/,
      })
    }
    assertExact(db, 'a', size.dim)
    db.close()
    elsewhere(path, 'DROP TRIGGER vec_journal__vec_docs_updated')
    const again = await open(path, { readonly: true })
    assert.deepEqual(topics(complaints(admin(again, 'check:docs:a'))).slice(0, 1), [
      'warning triggers',
    ])
    assert.deepEqual(topics(admin(again, 'explain:docs:a')), ['warning index'])
    assertExact(again, 'a', size.dim)
    again.close()
  }
})

test('a file that another program holds is left as it is, and the error says who waits for what', async () => {
  const path = newPath()
  const db = await filled(path, LARGE)
  elsewhere(path, 'DROP TRIGGER vec_journal__vec_docs_inserted')
  db.close()
  const waiting = await open(path, { busyTimeout: 50 })
  elsewhere(path, other => {
    other.exec('BEGIN IMMEDIATE; CREATE TABLE busy(x)')
    for (const word of ['repair', 'export:brute']) {
      assert.throws(() => admin(waiting, `${word}:docs:a`), { code: 'SQLITE_BUSY' })
      assert.equal(waiting.inTransaction, false)
    }
    other.exec('ROLLBACK')
  })
  assertMends(waiting, 'repair:docs:a', LARGE.dim)
  waiting.close()
})
