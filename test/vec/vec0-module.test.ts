import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openSqliteVec } from '../../bench/peers/native.ts'
import { open, VecError } from '../../src/entries/main.ts'
import { shellCommand } from '../module-arguments.ts'
import { refused } from '../refusal.ts'
import { SVEC } from '../svec-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-vec0-'))
after(() => rmSync(folder, { recursive: true }))

/** Declarations of sqlite-vec's users, and the arguments of vec that take their place. */
const DECLARATIONS = [
  ['items', 'embedding float[4]', 'items USING vec(doc_id, metric=euclidean)'],
  ['items', 'embedding float[4] distance_metric=cosine', 'items USING vec(doc_id)'],
  [
    '"my items"',
    'item_id integer primary key, embedding FLOAT[4] distance_metric=L2, +contents text',
    '"my items" USING vec(item_id, metric=euclidean)',
  ],
  ['items', 'user_id integer partition key, embedding bit[8]', 'items USING vec(doc_id)'],
  ['items', 'id text primary key, e int8[4], f float[2]', 'items USING vec(id, metric=euclidean)'],
  ['items', 'e float[4] distance_metric=L1', 'items USING vec(doc_id, metric=manhattan)'],
  ['items', '', 'items USING vec(doc_id'],
] as const

for (const [table, declaration, instead] of DECLARATIONS) {
  test(`vec0(${declaration}) is refused, with a statement that works`, async () => {
    using db = await open(':memory:')
    const { message } = refused(
      () => db.exec(`CREATE VIRTUAL TABLE ${table} USING vec0(${declaration})`),
      'SQLITE_ERROR',
      `write CREATE VIRTUAL TABLE ${instead}`,
      'docs/migrating.md',
    )
    assert.deepEqual(
      db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%items%'").all(),
      [],
    )
    db.exec(message.slice(message.indexOf('CREATE')))
  })
}

const path = join(folder, "user's.sqlite")
const native = openSqliteVec(path)
const skip = native
  ? process.platform === 'win32' && 'the commands are those of a POSIX shell'
  : 'better-sqlite3 with sqlite-vec cannot be loaded here'

test(
  'a vec0 table in a file names the commands that import it, and they do',
  { skip },
  async () => {
    native!.exec(
      "CREATE VIRTUAL TABLE items USING vec0(item_id integer primary key, embedding float[2]); INSERT INTO items(item_id, embedding) VALUES (1, '[3, 4]'), (2, '[0, 1]')",
    )
    native!.close()
    using db = await open(path)
    db.exec('CREATE VIRTUAL TABLE IF NOT EXISTS items USING vec0(embedding float[2])')
    for (const sql of ['SELECT * FROM items', "INSERT INTO items(embedding) VALUES ('[1, 2]')"]) {
      refused(() => db.exec(sql), 'SQLITE_ERROR', 'items', 'vec0', 'import')
    }
    refused(
      () => db.exec('ALTER TABLE items RENAME TO x'),
      'SQLITE_ERROR',
      'cannot be renamed here',
    )
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
    db.exec(
      'VACUUM; ALTER TABLE items_rowids ADD COLUMN extra; ALTER TABLE items_rowids DROP COLUMN extra',
    )
    const error = refused(() => db.prepare('SELECT * FROM items'), 'SQLITE_ERROR', 'svec import')
    assert.ok(error instanceof VecError)
    const commands = error.hint!.replace(' (docs/migrating.md)', '').split(', then ')
    assert.equal(commands.length, 2)
    for (const command of commands) {
      const program = shellCommand(SVEC)
      execFileSync('sh', ['-c', command.replace(/^svec/, program)], { cwd: folder, stdio: 'pipe' })
    }
    using moved = await open(join(folder, 'new.sqlite'))
    assert.deepEqual(
      moved
        .prepare(
          "SELECT doc_id, distance FROM items WHERE dataset_id = 'default' AND doc_id MATCH '[0, 0]'",
        )
        .raw()
        .all(),
      [
        ['2', 1],
        ['1', 5],
      ],
    )
    db.exec('BEGIN; DROP TABLE items; ROLLBACK')
    assert.ok(db.prepare('SELECT count(*) FROM items_chunks').pluck().get())
    db.exec('CREATE TABLE items_chunks_mine(x); DROP TABLE items')
    const left = db.prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'")
    assert.deepEqual(left.pluck().all(), ['items_chunks_mine'])
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
  },
)

test('a table whose vec0 was dropped by hand names the import, too', { skip }, async () => {
  using db = await open(':memory:')
  db.exec('CREATE TABLE items_chunks(chunk_id INTEGER PRIMARY KEY)')
  refused(
    () => db.exec('CREATE VIRTUAL TABLE items USING vec0(embedding float[2])'),
    'SQLITE_ERROR',
    'vec0',
    /--from-table '?items'?/,
  )
})
