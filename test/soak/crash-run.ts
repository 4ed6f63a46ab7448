import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { noShell, shell } from '../engine/vfs-process.ts'
import { seeded } from '../freshness/seeded.ts'
import { RecallTally } from './clustered.ts'
import { audit, CRASH_WORLDS, makeTable, type CrashWorldName } from './crash-table.ts'

const program = fileURLToPath(new URL('./crash-process.js', import.meta.url))

export interface CrashReport {
  readonly kills: number
  /** What the child was at when it was killed. */
  readonly during: Record<string, number>
  readonly journalMode: CrashMode
  /** Kills that left a rollback journal or a WAL. */
  readonly hot: number
  readonly transactions: number
  readonly seconds: number
  /** Of a world with clusters. */
  readonly recalls?: RecallTally['report']
}

/** A WAL is shared with the shell, which recovers the file by turns with us. */
export type CrashMode = 'DELETE' | 'WAL'

/**
 * Kills a child, `kills` times, always on the same file: after each the file is sound, no committed transaction is lost,
 * and the next process answers as brute force does.
 */
export async function runCrashes(
  seed: number,
  kills: number,
  journalMode: CrashMode,
  progress?: (done: number) => void,
  worldName: CrashWorldName = 'scan',
): Promise<CrashReport> {
  const started = performance.now()
  const world = CRASH_WORLDS[worldName]
  const recalls = worldName === 'clusters' ? new RecallTally() : undefined
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-crash-'))
  const path = join(folder, 'docs.sqlite')
  const during: Record<string, number> = {}
  let hot = 0
  let newest = 0
  try {
    await makeTable(path, journalMode, world)
    const native = noShell() === false
    for (let i = 0; i < kills; i++) {
      const { said, doing } = await crash(path, seed + i, newest + 1, worldName)
      during[doing] = (during[doing] ?? 0) + 1
      const journal = `${path}-${journalMode === 'WAL' ? 'wal' : 'journal'}`
      if (existsSync(journal) && statSync(journal).size > 0) hot++
      if (native && i % 2 === 1) {
        const found = shell(path, 'PRAGMA integrity_check').join()
        if (found !== 'ok') throw new Error(`after kill ${i}: ${found}: CRASH_SEED=${seed}`)
      }
      const committed = said ?? newest
      const found = await audit(path, seed + i, world, recalls).catch((error: unknown) => {
        throw new Error(`after kill ${i} while '${doing}': CRASH_SEED=${seed}`, { cause: error })
      })
      // The last transaction may be committed without having been said.
      if (found !== committed && found !== committed + 1)
        throw new Error(
          `${committed} was committed, ${found} is there after kill ${i}: CRASH_SEED=${seed}`,
        )
      newest = found
      progress?.(i + 1)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  recalls?.check()
  const seconds = (performance.now() - started) / 1000
  const report = { kills, journalMode, during, hot, transactions: newest, seconds }
  return recalls ? { ...report, recalls: recalls.report } : report
}

/** Starts a child, waits for one of its doings, a moment longer, and kills it. */
async function crash(
  path: string,
  seed: number,
  first: number,
  world: CrashWorldName,
): Promise<{ said: number | undefined; doing: string }> {
  const random = seeded(seed ^ 0x5bd1e995)
  const child = spawn(process.execPath, [program, path, String(seed), String(first), world], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const doings = ['fold', 'save', 'open', 'write', 'steps', 'any']
  // To make clusters takes longer than anything else.
  if (world === 'clusters') doings.push('cluster', 'save')
  const waitFor = doings[Math.floor(random() * doings.length)]
  let left = waitFor === 'steps' ? 1 : 1 + Math.floor(random() * 3)
  let said: number | undefined
  let doing = 'start'
  const lines = createInterface(child.stdout)
  const reached = new Promise<void>(resolve => {
    lines.on('line', line => {
      if (/^\d+$/.test(line)) said = Number(line)
      doing = /^\d+$/.test(line) ? 'commit' : line
      if ((waitFor === 'any' || doing === waitFor) && --left <= 0) resolve()
    })
  })
  const ended = Promise.all([once(lines, 'close'), once(child, 'exit')])
  await Promise.race([reached, ended])
  const longest = doing === 'cluster' ? 600 : doing === 'steps' ? 300 : 60
  await sleep(random() ** 2 * longest)
  if (child.exitCode !== null) throw new Error(`the child ended by itself: CRASH_SEED=${seed}`)
  child.kill('SIGKILL')
  await ended
  return { said, doing }
}
