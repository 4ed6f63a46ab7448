import assert from 'node:assert/strict'
import { copyFileSync, existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { seededTest } from '../seed.ts'
import { Child, noShell, shell } from './vfs-process.ts'
import { RawConnection, seeded, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'
import { auditSql, schema } from './vfs-transactions.ts'

/*
 * A child is killed in the middle of random transactions, again and again on the same file, which the next child has to recover.
 * CRASH_KILLS sets how often over all journal modes (200 for a full run), CRASH_SEED replays the transactions and delays of a run,
 * CRASH_LOCKS=directory runs the children with lock directories.
 */
const kills = Number(process.env['CRASH_KILLS'] ?? 24)
const engine = process.env['CRASH_LOCKS'] ?? lockSupport().kind
const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
const skip = noShell()

const modes: [name: string, pragmas: string][] = [
  ['delete', 'PRAGMA journal_mode = DELETE; PRAGMA cache_size = 10'],
  ['truncate', 'PRAGMA journal_mode = TRUNCATE'],
  ['persist', 'PRAGMA journal_mode = PERSIST; PRAGMA cache_size = 10'],
  [
    'wal',
    'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 20',
  ],
]
// Shared, where native programs see our locks: the shell recovers the same file by turns, too.
if (engine === 'ofd')
  modes.push(['shared-wal', 'PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 20'])
const check = `PRAGMA integrity_check; ${auditSql}; SELECT coalesce(max(n), 0) FROM tx`

describe(
  `a child killed in the middle of transactions (${kills} kills, ${engine} locks)`,
  { skip },
  () => {
    for (const [m, [mode, pragmas]] of modes.entries())
      seededTest('CRASH_SEED', { CRASH_KILLS: kills, CRASH_LOCKS: engine })(
        `loses no committed row in journal mode ${mode}, whoever recovers it`,
        async (t, seed) => {
          const path = join(folder, `${mode}.sqlite`)
          const created = RawConnection.open(sqlite, path)
          created.all(`PRAGMA page_size = 1024; ${schema}`)
          created.close()
          const random = seeded(seed + m)
          const times = Math.ceil(kills / modes.length)
          let newest = 0
          let hot = 0
          for (let i = 0; i < times; i++) {
            const said = await crash(path, pragmas, seed + i, newest + 1, random)
            if (isHot(`${path}-journal`) || isHot(`${path}-wal`)) hot++
            const ours = recover(copy(path, 'ours'), mode)
            assert.deepEqual(
              shell(copy(path, 'theirs'), check),
              ours,
              'the native shell recovers another state',
            )
            assert.deepEqual(ours.slice(0, 2), ['ok', 'ok'])
            // The transaction after the newest one reported may have been committed without having been reported.
            const found = Number(ours[2])
            assert.ok(
              found === said || found === said + 1,
              `transaction ${said} was committed, ${found} is there`,
            )
            newest = found
          }
          t.diagnostic(`${times} kills, ${hot} left a journal, ${newest} transactions`)
        },
      )
  },
)

/** Lets a child commit a few transactions from `first` on, kills it in one of the next, and gives the last it said was committed. */
async function crash(
  path: string,
  pragmas: string,
  childSeed: number,
  first: number,
  random: () => number,
): Promise<number> {
  const child = new Child(engine, path, 'crash', pragmas, String(childSeed), String(first))
  await child.line('ready')
  await child.count(1 + Math.floor(random() * 6))
  await sleep(random() * 20)
  const said = (await child.kill()).map(Number).filter(n => n >= first)
  return said.at(-1) ?? first - 1
}

function isHot(journal: string): boolean {
  return existsSync(journal) && statSync(journal).size > 0
}

/** A copy of the crashed file and of its journal, recovered apart from the original. */
function copy(path: string, name: string): string {
  const target = `${path}.${name}`
  for (const suffix of ['', '-journal', '-wal']) {
    rmSync(target + suffix, { force: true })
    if (existsSync(path + suffix)) copyFileSync(path + suffix, target + suffix)
  }
  return target
}

function recover(path: string, mode: string): string[] {
  const db = RawConnection.open(sqlite, path)
  try {
    return db.all(`${mode === 'wal' ? 'PRAGMA locking_mode = EXCLUSIVE;' : ''} ${check}`).slice(-3)
  } finally {
    db.close()
  }
}
