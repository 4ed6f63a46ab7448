/**
 * A process of its own for the tests of files and locks: `vfs-child.js <engine> <path> <command> [argument...]`, where the
 * engine is `ofd` or `directory` (ours with those locks) or `native` (better-sqlite3).
 */
import fs, { readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { installNodeVfs, lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import type { LockKind } from '../../src/sqlite/vfs/file-locks.ts'
import { withFs } from './replaced-fs.ts'
import { sqliteAlone } from './sqlite-alone.ts'
import { openNative } from './vfs-native.ts'
import { RawConnection, seeded, sqliteWithFiles } from './vfs-raw.ts'
import { randomTransaction } from './vfs-transactions.ts'

interface Database {
  exec(sql: string): void
  close(): void
}

const [engine = '', path = '', command = '', ...rest] = process.argv.slice(2)

async function open(): Promise<Database> {
  if (engine === 'native') return openNative(path, { timeout: 30000 })
  const db = RawConnection.open(await sqliteWithFiles(engine as LockKind), path)
  db.busyTimeout(30000)
  return { exec: sql => db.all(sql), close: () => db.close() }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** The parent may be slower than we are. */
function say(line: string): void {
  for (;;)
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(sleeper, 0, 0, 1)
    }
}

/** Waits until the parent writes a line or goes away. */
function waitForParent(): void {
  readSync(0, new Uint8Array(64))
}

/** Writes rows one transaction each, reading what it is about to change first. */
function write(db: Database, who: string, count: number): void {
  for (let n = 0; n < count; n++)
    db.exec(
      `BEGIN IMMEDIATE; UPDATE total SET n = n + 1; INSERT INTO log VALUES('${who}', ${n}); COMMIT`,
    )
  say('done')
}

/** The same, each transaction on a connection of its own. */
async function writeReopening(who: string, transactions: number): Promise<void> {
  for (let n = 0; n < transactions; n++) {
    const db = await open()
    db.exec(
      `BEGIN IMMEDIATE; UPDATE total SET n = n + 1; INSERT INTO log VALUES('${who}', ${n}); COMMIT`,
    )
    db.close()
  }
  say('done')
}

/** Writes one row a transaction for some time, and says how many. */
function fill(db: Database, milliseconds: number): void {
  const end = Date.now() + milliseconds
  let rows = 0
  for (; Date.now() < end; rows++) db.exec('INSERT INTO t VALUES(9)')
  say(String(rows))
}

/** Random transactions without end; the number of each is said once it is committed. */
function crash(db: Database, pragmas: string, seed: number, first: number): never {
  db.exec(pragmas)
  const random = seeded(seed)
  say('ready')
  for (let n = first; ; n++) {
    db.exec(`BEGIN; ${randomTransaction(random, n)}; COMMIT`)
    say(String(n))
  }
}

/** Counts up without end; each number is said once it is committed. */
function countUp(db: Database, who: string, first: number): never {
  say('ready')
  for (let n = first; ; n++) {
    db.exec(
      `BEGIN IMMEDIATE; UPDATE counter SET n = n + 1 WHERE who = '${who}'; INSERT INTO log VALUES('${who}', ${n}, randomblob(${n % 3000})); COMMIT`,
    )
    say(String(n))
  }
}

function hold(db: Database, sql: string): void {
  db.exec(sql)
  say('held')
  waitForParent()
  say('done')
}

/**
 * Reads, and is killed before the change with this number, from 0, to the files beside a lock. Removing a directory is
 * two changes.
 */
function readUntilKilled(db: Database, last: number): void {
  let changes = 0
  const change = (file: string): void => {
    if (file.includes('-lock') && changes++ === last) process.kill(process.pid, 'SIGKILL')
  }
  const { mkdirSync, writeFileSync, renameSync, rmSync } = fs
  const patch = {
    mkdirSync: (file: string) => {
      change(file)
      mkdirSync(file)
    },
    writeFileSync: (file: string, text: string) => {
      change(file)
      writeFileSync(file, text)
    },
    renameSync: (from: string, to: string) => {
      change(from)
      renameSync(from, to)
    },
    rmSync: (file: string, options: fs.RmOptions) => {
      change(file)
      rmSync(join(file, 'owner'), { force: true })
      change(file)
      rmSync(file, options)
    },
  }
  withFs(patch, () => db.exec('SELECT a FROM t'))
  say('alive')
}

/** What locks this process has, without opening anything. */
async function support(): Promise<void> {
  const sqlite = await sqliteAlone()
  const { locks } = installNodeVfs(sqlite, { locks: engine as 'auto' | LockKind })
  say(JSON.stringify({ locks, ...lockSupport() }))
}

async function run(): Promise<void> {
  if (command === 'support') return await support()
  if (command === 'reopen') return await writeReopening(rest[0] ?? '', Number(rest[1]))
  const db = await open()
  if (command === 'write') write(db, rest[0] ?? '', Number(rest[1]))
  else if (command === 'fill') fill(db, Number(rest[0]))
  else if (command === 'crash') crash(db, rest[0] ?? '', Number(rest[1]), Number(rest[2]))
  else if (command === 'count') countUp(db, rest[0] ?? '', Number(rest[1]))
  else if (command === 'killed') readUntilKilled(db, Number(rest[0]))
  else hold(db, rest.join(' '))
}

try {
  await run()
} catch (error) {
  const { code, message, hint } = error as { code?: unknown; message: string; hint?: string }
  const below = (error as { below?: { message: string; hint?: string } }).below
  say(`error ${String(code)} ${message} ${below?.message ?? ''} ${below?.hint ?? hint ?? ''}`)
  process.exitCode = 1
}
