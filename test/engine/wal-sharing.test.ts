import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { Child, noShell, shell } from './vfs-process.ts'
import { RawConnection, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'

const support = lockSupport()
const skip = support.kind === 'ofd' ? noShell() : support.reason
const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
let files = 0

/** A new file in WAL mode for writers that count up. */
function create(): { path: string; db: RawConnection } {
  const path = join(folder, `${++files}.sqlite`)
  const db = RawConnection.open(sqlite, path)
  db.all(
    'PRAGMA journal_mode = WAL; CREATE TABLE total(n); INSERT INTO total VALUES(0); CREATE TABLE log(who, n)',
  )
  return { path, db }
}

describe('other processes', { skip }, () => {
  test('of all kinds lose nothing beside each other', { timeout: 120_000 }, async t => {
    // WAL_INCREMENTS=20000 for a full run.
    const increments = Number(process.env['WAL_INCREMENTS'] ?? 1400)
    const { path, db } = create()
    const writers = ['ofd', 'ofd', 'ofd', 'ofd', 'native', 'native']
    const each = Math.ceil(increments / (writers.length + 1))
    const start = performance.now()
    const children = writers.map(
      (engine, n) => new Child(engine, path, 'write', `${engine}-${n}`, String(each)),
    )
    const python = pythonWriter(path, each)
    const lines = await Promise.all(children.map(child => child.end()))
    for (const said of lines) assert.deepEqual(said, ['done'])
    assert.equal(await python, 0)
    const total = each * (writers.length + 1)
    assert.deepEqual(
      db.all(
        'PRAGMA integrity_check; SELECT n FROM total; SELECT count(*) FROM log; SELECT count(DISTINCT who) FROM log',
      ),
      ['ok', String(total), String(total), String(writers.length + 1)],
    )
    db.close()
    assert.ok(!existsSync(`${path}-wal`) && !existsSync(`${path}-shm`))
    t.diagnostic(`${total} increments in ${Math.round(performance.now() - start)} ms`)
  })
})

/** Each opens, adds and closes, so that descriptors come and go beside the locks of native code. */
const threadProgram = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { path, who, times, raw, native } = workerData
  const add = n => 'BEGIN IMMEDIATE; UPDATE total SET n = n + 1; INSERT INTO log VALUES(' + "'" + who + "', " + n + '); COMMIT'
  Promise.all([import(raw), import(native)]).then(async ([{ RawConnection, sqliteWithFiles }, { openNative }]) => {
    const sqlite = await sqliteWithFiles()
    for (let n = 0; n < times; n++) {
      if (who.startsWith('native')) {
        const db = openNative(path, { timeout: 60000 })
        for (let i = 0; i < 4 && n < times; i++, n++) db.exec(add(n))
        n--
        db.close()
      } else {
        const db = RawConnection.open(sqlite, path)
        db.busyTimeout(60000)
        db.all(add(n))
        db.close()
      }
    }
    parentPort.postMessage('done')
  })`

describe('threads of one process', { skip }, () => {
  test('lose nothing beside each other, ours and native ones', { timeout: 120_000 }, async () => {
    const { path, db } = create()
    db.close()
    const times = 60
    const who = ['ours-1', 'ours-2', 'native-1', 'native-2']
    const [raw, native] = ['./vfs-raw.js', './vfs-native.js'].map(
      name => new URL(name, import.meta.url).href,
    )
    const workers = who.map(
      name =>
        new Worker(threadProgram, {
          eval: true,
          workerData: { path, who: name, times, raw, native },
        }),
    )
    await Promise.all(workers.map(worker => once(worker, 'message')))
    const total = times * who.length
    assert.deepEqual(
      shell(path, 'PRAGMA integrity_check; SELECT n FROM total; SELECT count(*) FROM log'),
      ['ok', String(total), String(total)],
    )
  })
})

/** The same increments by Python's sqlite3; its exit code. */
async function pythonWriter(path: string, increments: number): Promise<number | null> {
  const program = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
for n in range(int(sys.argv[2])):
    db.execute('BEGIN IMMEDIATE')
    db.execute('UPDATE total SET n = n + 1')
    db.execute('INSERT INTO log VALUES(?, ?)', ('python', n))
    db.execute('COMMIT')
`
  const child = spawn('python3', ['-c', program, path, String(increments)], { stdio: 'inherit' })
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
}
