import assert from 'node:assert/strict'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { registerWatched, watch, watchedName } from '../soak/disk-vfs.ts'
import { type VfsCall } from './decorated-vfs.ts'
import { temporaryFolder } from './vfs-raw.ts'

await registerWatched()
const folder = temporaryFolder()
let files = 0
afterEach(() => watch(undefined))

/** A connection that has read nothing yet. */
async function make(): Promise<Connection> {
  const name = watchedName(join(folder, `${++files}.sqlite`))
  const db = await open(name)
  db.exec(
    `CREATE TABLE big(n INTEGER PRIMARY KEY, v);
     WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 200)
     INSERT INTO big SELECT x, zeroblob(4000) FROM i;
     CREATE TABLE t(a)`,
  )
  db.close()
  return await open(name)
}

/** Lets the next call that `isMeant` fail with EIO. */
function failNext(isMeant: (call: VfsCall) => boolean): void {
  let failed = false
  watch((call, go) => {
    if (failed || !isMeant(call)) return go()
    failed = true
    throw Object.assign(new Error('EIO: by the test'), { code: 'EIO' })
  })
}

/** An SQL function that does without what it cannot read. */
function forgiving(db: Connection): void {
  const count = db.prepare('SELECT count(v) FROM big').pluck()
  db.function('forgiving', () => {
    try {
      return count.get()
    } catch {
      return -1
    }
  })
}

const isRead = ({ operation }: VfsCall): boolean => operation === 'read'
const ioError = { code: 'SQLITE_IOERR', message: /EIO/ }

test('a statement fails when its transaction was rolled back behind JavaScript that forgave an I/O error', async () => {
  using db = await make()
  forgiving(db)
  db.exec('BEGIN; INSERT INTO t VALUES (1)')
  failNext(isRead)
  assert.throws(() => db.prepare('SELECT forgiving()').get(), ioError)
  assert.equal(db.inTransaction, false)
  assert.deepEqual(db.prepare('SELECT * FROM t').all(), [])
})

test('a statement that writes is undone as a whole when JavaScript forgave an I/O error on the way', async () => {
  using db = await make()
  forgiving(db)
  let calls = 0
  db.function('nth', () => {
    if (++calls === 3) failNext(isRead)
    return calls
  })
  assert.throws(
    () => db.exec('INSERT INTO t SELECT nth() + forgiving() FROM big WHERE n < 6'),
    ioError,
  )
  assert.deepEqual(db.prepare('SELECT * FROM t').all(), [])
})

test('outside of a transaction JavaScript may do without what it cannot read', async () => {
  using db = await make()
  forgiving(db)
  failNext(isRead)
  assert.equal(db.prepare('SELECT forgiving()').pluck().get(), -1)
  assert.equal(db.prepare('SELECT forgiving()').pluck().get(), 200)
})

test('a read that ends before the file does is an I/O error, not a page of zeros', async () => {
  using db = await make()
  watch((call, go) => (call.operation === 'read' && call.offset > 50_000 ? (0 as never) : go()))
  assert.throws(() => db.prepare('SELECT sum(length(v)) FROM big').get(), {
    code: 'SQLITE_IOERR',
    message: /EIO: .+\.sqlite .*\d+.*\d+ bytes/,
  })
  watch(undefined)
  assert.equal(db.prepare('SELECT sum(length(v)) FROM big').pluck().get(), 800_000)
})

test('dropping a vec table and attaching a file tell the errno', async () => {
  using db = await make()
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  failNext(({ operation }) => operation === 'write')
  assert.throws(() => db.exec('DROP TABLE docs'), ioError)
  failNext(({ operation, path }) => operation === 'size' && path.endsWith('other.sqlite'))
  const other = watchedName(join(folder, 'other.sqlite'))
  assert.throws(() => db.prepare('ATTACH ? AS other').run(other), ioError)
})
