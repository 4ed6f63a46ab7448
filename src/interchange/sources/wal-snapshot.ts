import {
  constants,
  copyFileSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  type BigIntStats,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readDatabaseHeader } from '../../sqlite/load-engine.ts'
import { sourceError } from '../interchange-error.ts'

/** How often a file is copied again because it was written during the copy. */
const TRIES = 5
/** Clocks of file systems tick every few milliseconds: a file that has just changed may change again unseen. */
const SETTLED_NS = 50_000_000n

/** A copy of a file in WAL mode, for one reader. */
export interface Snapshot {
  readonly path: string
  discard(): void
}

/**
 * SQLite cannot read a database in WAL mode without writing files beside it (`-wal`, `-shm`). A source must not be
 * changed, so its copy in the temporary folder is opened instead, with the changes in its `-wal`. Undefined for other
 * files.
 */
export async function walSnapshot(given: string): Promise<Snapshot | undefined> {
  const header = await readDatabaseHeader(given)
  if (typeof header === 'string' || header.journalMode !== 'wal') return undefined
  const path = realpathSync(given)
  const folder = mkdtempSync(join(tmpdir(), 'svec-source-'))
  const discard = (): void => {
    process.off('exit', discard)
    rmSync(folder, { recursive: true, force: true })
  }
  process.on('exit', discard)
  const copy = join(folder, 'source.sqlite')
  try {
    for (let i = 0; i < TRIES; i++) {
      const before = stateOf(path)
      if (before.newest > BigInt(Date.now()) * 1_000_000n - SETTLED_NS) await delay(60)
      // If the file system supports it, both files share their blocks.
      copyFileSync(path, copy, constants.COPYFILE_FICLONE)
      rmSync(`${copy}-wal`, { force: true })
      if (before.hasWal) copyFileSync(`${path}-wal`, `${copy}-wal`, constants.COPYFILE_FICLONE)
      if (stateOf(path).text === before.text) return { path: copy, discard }
    }
  } catch (error) {
    discard()
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    throw sourceError(
      `${given} is in WAL mode, and ${tmpdir()} has too little space for the copy to read`,
      'set TMPDIR to another folder',
    )
  }
  discard()
  throw sourceError(
    `${given} changed while it was being copied`,
    'import it while no program writes to it',
  )
}

interface State {
  readonly text: string
  readonly newest: bigint
  readonly hasWal: boolean
}

function stateOf(path: string): State {
  const options = { bigint: true, throwIfNoEntry: false } as const
  const found = [statSync(path, options), statSync(`${path}-wal`, options)]
  const told = found.map(stats => (stats ? `${stats.ino} ${stats.size} ${stats.mtimeNs}` : ''))
  const times = found.filter((stats): stats is BigIntStats => stats !== undefined)
  return {
    text: told.join('; '),
    newest: times.reduce((last, { mtimeNs }) => (mtimeNs > last ? mtimeNs : last), 0n),
    hasWal: (found[1]?.size ?? 0n) > 0n,
  }
}
