import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { VecError, type Connection } from '../../src/entries/main.ts'
import { Dice } from '../dice.ts'
import { shell } from '../engine/vfs-process.ts'
import type { DiskFolder } from './disk-folder.ts'
import { NativeConnection } from './disk-native.ts'
import { WrongAnswer } from './disk-steps.ts'
import { digestOf, isShared, ownRows, wrongAnswer } from './disk-world.ts'
import type { Failure } from './faults-plan.ts'
import { connect, type Scene, type Trial } from './faults-trial.ts'
import type { Moment } from './power-judge.ts'

/** What a clean run of a scene did. */
export interface Clean {
  readonly moments: ReadonlyMap<number, Moment>
  readonly answers: readonly string[]
}

const CODES = new Set(['SQLITE_IOERR', 'SQLITE_FULL', 'SQLITE_CANTOPEN'])
/** Somebody else has a lock. */
const REFUSED = new Set(['SQLITE_BUSY', 'SQLITE_PROTOCOL'])

/** What is wrong with an error that a fault caused; undefined: it says what happened. `failure` undefined: any of them. */
export function wrongError(error: unknown, failure: Failure | undefined): string | undefined {
  if (error instanceof WrongAnswer) return `a wrong answer: ${error.message}`
  if (!(error instanceof VecError)) return `no VecError, but ${describeError(error)}`
  const isRefused = REFUSED.has(error.code)
  if (!isRefused && !CODES.has(error.code)) return `not about files: ${describeError(error)}`
  if (failure !== undefined && isRefused !== (failure === 'refused'))
    return `${error.code} for ${failure}: ${describeError(error)}`
  const says = /EIO|ENOSPC|\/[^ ]+\.sqlite/.test(error.message)
  return says || isRefused ? undefined : `neither errno nor path is named: ${describeError(error)}`
}

export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as { code?: string }).code
  return `${error.name} ${code ?? ''} ${error.message}\n${error.stack?.split('\n').slice(1, 9).join('\n')}`
}

/** Looks at everything after the fault was lifted: what is wrong, undefined when nothing is. */
export async function wrongAfterwards(
  folder: DiskFolder,
  scene: Scene,
  trial: Trial,
  clean: Clean,
): Promise<string | undefined> {
  const answers = trial.answers.findIndex((answer, n) => answer !== clean.answers[n])
  if (answers >= 0)
    return `search ${answers} found ${trial.answers[answers].slice(0, 600)}, without a fault ${clean.answers[answers]?.slice(0, 600)}`
  const { size, mode } = scene
  if (!trial.db.open) trial.db = await connect(folder.main, mode)
  const { db } = trial
  const dice = new Dice(1)
  if (db.inTransaction) db.exec('ROLLBACK')
  const own = digestOf(ownRows(db))
  const commit = [trial.acknowledged, trial.attempted].find(n => clean.moments.get(n)?.main === own)
  if (commit === undefined) return lostRows(db, trial)
  const first = wrongAnswer(db, size, dice) ?? wrongWrite(db)
  if (first !== undefined) return first
  if (db.schemas().includes('other')) {
    const inOther = wrongAnswer(db, size, dice, { schema: 'other' })
    if (inOther !== undefined) return inOther
    db.exec('DETACH other')
  }
  if (isShared(mode)) {
    // A lock that was not given back would refuse a native program.
    using native = new NativeConnection(folder.main, 0)
    native.rows("UPDATE _vec_docs SET archived = 1 - archived WHERE id LIKE '%2' RETURNING id")
  }
  const last = wrongAnswer(db, size, dice)
  if (last !== undefined) return `after a native program wrote: ${last}`
  db.close()
  return wrongFiles(folder, scene, clean, { commit, trial })
}

function lostRows(db: Connection, { acknowledged, attempted }: Trial): string {
  const tally = ownRows(db)('SELECT max(n) FROM tally')[0]?.[0]
  return `the rows are not those of commit ${acknowledged} or ${attempted}: tally ${String(tally)}, ${ownRows(db)('PRAGMA integrity_check').join('; ').slice(0, 300)}`
}

function wrongWrite(db: Connection): string | undefined {
  db.exec("INSERT INTO notes(id, body) VALUES (1000, 'later'); DELETE FROM notes WHERE id = 1000")
  db.transaction(() => {
    db.exec(
      "INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('c', 'later', vec_f32('[1]'))",
    )
  })()
  db.exec("DELETE FROM _vec_docs WHERE dataset_id = 'c'")
  const text = ownRows(db)('PRAGMA integrity_check').join('; ')
  return text === 'ok' ? undefined : `integrity_check: ${text.slice(0, 400)}`
}

function wrongFiles(
  folder: DiskFolder,
  { mode }: Scene,
  clean: Clean,
  { commit, trial }: { readonly commit: number; readonly trial: Trial },
): string | undefined {
  for (const path of [folder.main, folder.other]) {
    const [text] = shell(path, 'PRAGMA integrity_check')
    if (text !== 'ok') return `${path}: the sqlite3 shell says ${text}`
  }
  const digest = digestOfFile(folder.other)
  const isAtomic = mode === 'delete' || mode === 'truncate' || mode === 'persist'
  const possible = isAtomic ? [commit] : [trial.acknowledged, trial.attempted]
  if (!possible.some(n => clean.moments.get(n)?.other === digest))
    return `${folder.other} is not of commit ${possible.join(' or ')}`
  // What a fault left hot has been rolled back by now.
  const left = [folder.main, folder.other].map(path => `${path}-journal`).filter(isHot)
  if (mode === 'delete' && left.length > 0) return `${left.join(' and ')} left behind`
  return openFiles(folder)
}

/** A journal without a header is none: the next transaction overwrites it. */
function isHot(path: string): boolean {
  return existsSync(path) && readFileSync(path)[0] > 0
}

function digestOfFile(path: string): string {
  using native = new NativeConnection(path)
  return digestOf(sql => native.rows(sql))
}

/** Descriptors that were not closed. */
function openFiles(folder: DiskFolder): string | undefined {
  if (process.platform !== 'linux') return undefined
  for (const fd of readdirSync('/proc/self/fd')) {
    const path = targetOf(fd)
    if (path.startsWith(folder.path)) return `descriptor ${fd} of ${path} is still open`
  }
  return undefined
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // The descriptor of the listing itself.
    return ''
  }
}
