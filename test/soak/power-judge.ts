import { open } from '../../src/entries/main.ts'
import type { Dice } from '../dice.ts'
import type { DiskFolder, FolderContents } from './disk-folder.ts'
import { NativeConnection } from './disk-native.ts'
import { watchedName } from './disk-vfs.ts'
import {
  digestOf,
  type JournalMode,
  ownRows,
  openOptions,
  type Size,
  wrongAnswer,
} from './disk-world.ts'

/** The digests of the files after a commit. */
export interface Moment {
  readonly main: string
  readonly other: string | undefined
}

export interface Expected {
  /** The moments that may be found, by the number of their commit; the oldest and the newest allowed. */
  readonly from: number
  readonly to: number
  readonly moments: ReadonlyMap<number, Moment>
  /** A transaction over both files is in both or in none. */
  readonly atomic: boolean
}

/** Opens what a crash left, with native SQLite and with ours: what is wrong with it, or the commit that was found. */
export async function judge(
  folder: DiskFolder,
  remains: FolderContents,
  expected: Expected,
  world: { readonly size: Size; readonly mode: JournalMode; readonly dice: Dice },
): Promise<string | number> {
  folder.write(remains)
  const native = commitOf(folder, expected, readNative(folder, remains))
  if (typeof native === 'string') return `native SQLite: ${native}`
  folder.write(remains)
  const own = commitOf(folder, expected, await readOwn(folder, remains, world))
  if (typeof own === 'string') return `ours: ${own}`
  if (own !== native) return `native SQLite recovers commit ${native}, ours commit ${own}`
  return own
}

interface Found {
  /** Something that no promise excuses: damage, a wrong answer, an error. */
  readonly problem?: string
  readonly tally: number
  readonly main: string
  readonly other: string | undefined
}

const nothing = { tally: -1, main: '', other: undefined }

function commitOf(folder: DiskFolder, expected: Expected, found: Found): string | number {
  if (found.problem !== undefined) return found.problem
  const { from, to, moments, atomic } = expected
  const { tally, main, other } = found
  if (tally < from || tally > to) return `commit ${tally} is found, ${from} to ${to} are possible`
  const then = moments.get(tally)
  // Before the tables were filled, any part of them may be there.
  if (!then) return tally
  if (then.main !== main) return `the rows are not those of commit ${tally}`
  if (other === then.other || other === undefined) return tally
  for (let n = from; n <= to; n++) if (!atomic && moments.get(n)?.other === other) return tally
  return `${folder.other} is not of the same commit ${tally}`
}

const INTEGRITY = 'PRAGMA integrity_check'
const NEWEST = 'SELECT max(n) FROM tally'

function readNative(folder: DiskFolder, remains: FolderContents): Found {
  try {
    using main = new NativeConnection(folder.main)
    let problem = integrity(main.rows(INTEGRITY))
    const tally = newest(sql => main.rows(sql))
    const digest = tally < 0 ? '' : digestOf(sql => main.rows(sql))
    if (!remains.has(folder.other))
      return { ...reported(problem), tally, main: digest, other: undefined }
    using other = new NativeConnection(folder.other)
    problem ??= integrity(other.rows(INTEGRITY))
    return { ...reported(problem), tally, main: digest, other: digestOf(sql => other.rows(sql)) }
  } catch (error) {
    return { ...nothing, problem: String(error) }
  }
}

async function readOwn(
  folder: DiskFolder,
  remains: FolderContents,
  { size, mode, dice }: { readonly size: Size; readonly mode: JournalMode; readonly dice: Dice },
): Promise<Found> {
  try {
    const options = openOptions(mode)
    using db = await open(watchedName(folder.main), options)
    let problem = integrity(ownRows(db)(INTEGRITY))
    const tally = newest(ownRows(db))
    if (tally < 0) return { ...nothing, ...reported(problem) }
    const digest = digestOf(ownRows(db))
    problem ??= wrongAnswer(db, size, dice)
    if (!remains.has(folder.other))
      return { ...reported(problem), tally, main: digest, other: undefined }
    using other = await open(watchedName(folder.other), options)
    problem ??= integrity(ownRows(other)(INTEGRITY)) ?? wrongAnswer(other, size, dice)
    return { ...reported(problem), tally, main: digest, other: digestOf(ownRows(other)) }
  } catch (error) {
    return { ...nothing, problem: String(error) }
  }
}

function reported(problem: string | undefined): { problem?: string } {
  return problem === undefined ? {} : { problem }
}

function integrity(rows: unknown[][]): string | undefined {
  const text = rows.join('; ')
  return text === 'ok' ? undefined : `integrity_check: ${text.slice(0, 500)}`
}

/** The newest commit in a file; -1 when the tables are not there yet. */
function newest(rows: (sql: string) => unknown[][]): number {
  const [[tables]] = rows("SELECT count(*) FROM sqlite_schema WHERE name = 'tally'")
  if (tables === 0) return -1
  return (rows(NEWEST)[0]?.[0] as number | null) ?? -1
}
