import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/entries/engine.ts'
import { refused, refusedLater } from '../refusal.ts'
import { openNative } from './vfs-native.ts'
import { sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'

// As on a system without byte-range locks.
await sqliteWithFiles('directory')
const folder = temporaryFolder()
const OPTIONS = { register: false } as const
const reasons = ['WAL', 'npm install koffi', 'PRAGMA locking_mode = EXCLUSIVE'] as const

test('WAL that cannot be shared is refused with the reason, whichever way it is asked for', async () => {
  const path = join(folder, 'asked.sqlite')
  using db = await open(path, OPTIONS)
  db.exec('CREATE TABLE t(a)')
  db.exec(
    `ATTACH '${join(folder, 'odd "name.sqlite')}' AS "odd ""name"; CREATE TABLE "odd ""name".t(a)`,
  )
  for (const asked of [
    'journal_mode = WAL',
    "journal_mode = 'wal'",
    'journal_mode(WAL)',
    'main.journal_mode = wal',
    '"odd ""name".journal_mode = Wal',
  ]) {
    refused(() => db.pragma(asked), 'SQLITE_ERROR', ...reasons)
    refused(() => db.exec(`PRAGMA ${asked}`), 'SQLITE_ERROR', ...reasons)
    refused(() => db.prepare(`PRAGMA ${asked}`).all(), 'SQLITE_ERROR', ...reasons)
  }
  assert.equal(db.pragma('journal_mode', { simple: true }), 'delete')
  assert.equal(db.pragma('journal_mode = TRUNCATE', { simple: true }), 'truncate')
  db.exec('INSERT INTO t VALUES(1)')
  assert.ok(!existsSync(`${path}-shm`))
})

test('a database in memory answers as in native SQLite', async () => {
  using db = await open(':memory:', OPTIONS)
  assert.equal(db.pragma('journal_mode = WAL', { simple: true }), 'memory')
})

test('WAL is obeyed for a file that is used alone, however that was said', async () => {
  using db = await open(join(folder, 'alone.sqlite'), { ...OPTIONS, exclusive: true })
  assert.equal(db.pragma('journal_mode = WAL', { simple: true }), 'wal')
  using later = await open(join(folder, 'later.sqlite'), OPTIONS)
  later.exec('PRAGMA locking_mode = EXCLUSIVE')
  assert.equal(later.pragma('journal_mode = WAL', { simple: true }), 'wal')
  later.exec(`CREATE TABLE t(a); ATTACH '${join(folder, 'other.sqlite')}' AS other`)
  // What is attached takes the mode of the connection.
  assert.equal(later.pragma('other.journal_mode = WAL', { simple: true }), 'wal')
  assert.ok(!existsSync(join(folder, 'later.sqlite-shm')))
})

test('a file in WAL mode is refused with the remedy, and opens for one alone', async () => {
  const path = join(folder, 'made.sqlite')
  const native = openNative(path)
  native.exec('PRAGMA journal_mode = WAL; CREATE TABLE t(a)')
  native.close()
  await refusedLater(
    open(path, OPTIONS),
    'SQLITE_CANTOPEN',
    path,
    'WAL mode',
    'PRAGMA journal_mode=DELETE',
    'exclusive: true',
  )
  using db = await open(path, { ...OPTIONS, exclusive: true })
  assert.equal(db.pragma('journal_mode', { simple: true }), 'wal')
})
