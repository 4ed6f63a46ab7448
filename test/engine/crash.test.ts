import assert from 'node:assert/strict'
import { copyFileSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockSupport } from '../../src/engine/node-vfs.ts'
import { Child, noShell, shell } from './vfs-process.ts'
import { RawConnection, seeded, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'
import { auditSql, schema } from './vfs-transactions.ts'

/*
 * A child is killed in the middle of random transactions, again and again on the same file. CRASH_KILLS sets how often over all journal
 * modes (200 for a full run), CRASH_SEED replays the transactions and delays of a run.
 */
const kills = Number(process.env['CRASH_KILLS'] ?? 24)
const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1e9)
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

interface Crash {
  said: number
  hotJournal: boolean
}

/** Runs a child on `path` from transaction `first` on and kills it after `delay` ms of work. */
async function crash(
  path: string,
  engine: string,
  pragmas: string,
  at: number,
  first: number,
  delay: number,
): Promise<Crash> {
  const child = new Child(engine, path, 'crash', pragmas, String(at), String(first))
  await child.line('ready')
  await sleep(delay)
  const said = (await child.kill()).map(Number).filter(n => n >= first)
  return {
    said: said.at(-1) ?? first - 1,
    hotJournal: isHot(`${path}-journal`) || isHot(`${path}-wal`),
  }
}

function isHot(journal: string): boolean {
  return existsSync(journal) && statSync(journal).size > 0
}

const check = `PRAGMA integrity_check; ${auditSql}; SELECT coalesce(max(n), 0) FROM tx`

describe(
  `a child killed in the middle of transactions (CRASH_SEED=${seed} CRASH_KILLS=${kills})`,
  { skip },
  () => {
    const engine = lockSupport().kind
    for (const [m, [mode, pragmas]] of modes.entries())
      test(`loses no committed row in journal mode ${mode}, whoever recovers it`, async t => {
        const path = join(folder, `${mode}.sqlite`)
        const created = RawConnection.open(sqlite, path)
        created.all(`PRAGMA page_size = 1024; ${schema}`)
        created.close()
        const random = seeded(seed + m)
        let newest = 0
        let hot = 0
        const times = Math.ceil(kills / modes.length)
        for (let i = 0; i < times; i++) {
          const { said, hotJournal } = await crash(
            path,
            engine,
            pragmas,
            seed + i,
            newest + 1,
            random() * 150,
          )
          if (hotJournal) hot++
          const copy = `${path}.copy`
          for (const suffix of ['', '-journal', '-wal'])
            if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix)
          const ours = recover(path, mode)
          const theirs = shell(
            copy,
            `${check}; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE`,
          ).slice(0, 3)
          assert.deepEqual(theirs, ours, 'the native shell recovers another state')
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
        assert.ok(newest > 0, 'no transaction was ever committed')
      })
  },
)

function recover(path: string, mode: string): string[] {
  const db = RawConnection.open(sqlite, path)
  try {
    return db.all(`${mode === 'wal' ? 'PRAGMA locking_mode = EXCLUSIVE;' : ''} ${check}`).slice(-3)
  } finally {
    db.close()
  }
}
