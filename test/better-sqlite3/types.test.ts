import assert from 'node:assert/strict'
import { test } from 'node:test'
import type Native from 'better-sqlite3'
import DropIn from '../../src/entries/better-sqlite3.ts'

function rename(db: Native.Database): Native.RunResult {
  return db.prepare<[string, number]>('UPDATE item SET name = ? WHERE id = ?').run('second', 1)
}

interface Item {
  id: number
  name: string
}

test('a database is accepted where the types of better-sqlite3 are expected', () => {
  const db: DropIn.Database = new DropIn(':memory:')
  db.exec(
    "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT); INSERT INTO item VALUES (1, 'first')",
  )
  assert.equal(rename(db).changes, 1)
  const theirs: Native.Statement<{ id: number }, Item> = db.prepare<{ id: number }, Item>(
    'SELECT * FROM item WHERE id = @id',
  )
  assert.deepEqual(theirs.get({ id: 1 }), { id: 1, name: 'second' })
  db.close()
})

test('parameters and rows of statements have types', () => {
  const db = new DropIn(':memory:')
  const statement: DropIn.Statement<[number], Item> = db.prepare<[number], Item>(
    "SELECT ? AS id, 'first' AS name",
  )
  const name: string | undefined = statement.get(7)?.name
  assert.equal(name, 'first')
  // @ts-expect-error -- a text is not the number that was declared
  assert.deepEqual(statement.all('7'), [{ id: '7', name: 'first' }])
  // @ts-expect-error -- rows have no such column
  assert.equal(statement.get(7)?.title, undefined)
  const untyped: unknown = db.prepare('SELECT 1').pluck().get()
  assert.equal(untyped, 1)
  const add = db.transaction((a: number, b: number) => a + b)
  const sum: number = add.immediate(1, 2)
  assert.equal(sum, 3)
  // @ts-expect-error -- both arguments are needed
  assert.equal(add(1), Number.NaN)
  db.close()
})
