import { describeValue } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import type { Connection } from './connection.ts'
import { SQLITE_BUSY, SQLITE_DONE, SQLITE_LOCKED, SQLITE_OK } from './result-codes.ts'
import { sqliteError } from './sqlite-error.ts'
import type { Pointer } from './wasm/wasm.ts'

export interface BackupProgress {
  readonly totalPages: number
  readonly remainingPages: number
}

export interface BackupOptions {
  /** The schema to copy: 'main', or the name of an attached database. */
  readonly attached?: string
  /** Pages per step; default 100. Between two steps, other code runs and may write. */
  readonly pages?: number
  /** Called between two steps; if it returns a number, the next step copies as many pages. */
  readonly progress?: (progress: BackupProgress) => number | void
}

/** Milliseconds between two attempts while another connection holds a lock. */
const RETRY_AFTER = 10

/** Unfinished backups. SQLite would never free a source that is closed before its backups. */
const unfinished = new WeakMap<Connection, Set<Backup>>()

function unfinishedOf(source: Connection): Set<Backup> {
  const known = unfinished.get(source)
  if (known) return known
  const backups = new Set<Backup>()
  unfinished.set(source, backups)
  source.onClose(() => {
    for (const each of backups) each.finish()
  })
  return backups
}

/**
 * Copies a database page by page while both are in use. A write of the source's own connection also goes into the
 * copy; after a write of another connection, SQLite restarts the copy.
 */
export class Backup {
  readonly #source: Connection
  readonly #target: Connection
  readonly #patience: number
  #backup: Pointer
  #waitsSince: number | undefined
  #done = false

  /** Throws when the target is in use, or is the same database. */
  constructor(source: Connection, schema: string, target: Connection) {
    if (source.fileKey(schema) === target.fileKey()) {
      throw new VecError(
        'SQLITE_ERROR',
        `a backup cannot be written to ${target.name}, the file that it copies`,
        { hint: 'give the path of another file' },
      )
    }
    this.#patience = source.busyTimeout
    const { sqlite } = source
    const from = sqlite.ownedCString(schema)
    const main = sqlite.ownedCString('main')
    try {
      this.#backup = sqlite.raw.sqlite3_backup_init(target.pointer, main, source.pointer, from)
      if (this.#backup === 0) throw sqliteError(sqlite, target.pointer, 1)
    } finally {
      sqlite.free(from)
      sqlite.free(main)
    }
    this.#source = source
    this.#target = target
    unfinishedOf(source).add(this)
  }

  /** All pages are copied, and the target is committed. */
  get done(): boolean {
    return this.#done
  }

  /**
   * Copies up to `pages` pages, or all of them for -1. Returns undefined while another connection holds a lock.
   * Throws SQLITE_BUSY or SQLITE_LOCKED when the lock is held for longer than the busy timeout of the source.
   */
  step(pages: number): BackupProgress | undefined {
    const { sqlite } = this.#source
    const { raw } = sqlite
    const begun = performance.now()
    const nested = sqlite.enter()
    const code = raw.sqlite3_backup_step(this.#backup, pages)
    sqlite.leave(nested)
    if ((code & 0xff) === SQLITE_BUSY || (code & 0xff) === SQLITE_LOCKED) {
      this.#waitsSince ??= begun
      if (performance.now() - this.#waitsSince < this.#patience) return undefined
    } else this.#waitsSince = undefined
    if (code !== SQLITE_OK && code !== SQLITE_DONE) {
      // finish() reports the error on the target.
      this.finish()
      throw this.#target.failure(code)
    }
    this.#done = code === SQLITE_DONE
    const totalPages = raw.sqlite3_backup_pagecount(this.#backup)
    // When the source has shrunk below what was copied, SQLite's count is negative.
    const remainingPages = this.#done ? 0 : raw.sqlite3_backup_remaining(this.#backup)
    return { totalPages, remainingPages }
  }

  /** Resolves when it is time to try the next step again. */
  async wait(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, RETRY_AFTER))
  }

  /** Ends the backup. If the last page is missing, the target stays as it was. A second call does nothing. */
  finish(): void {
    const backup = this.#backup
    this.#backup = 0
    unfinished.get(this.#source)?.delete(this)
    if (backup !== 0) this.#source.sqlite.raw.sqlite3_backup_finish(backup)
  }
}

const DEFAULT_PAGES = 100

/** Runs a backup to its end: one step for each turn of the event loop. */
export async function runBackup(
  source: Connection,
  target: Connection,
  options: BackupOptions = {},
): Promise<BackupProgress> {
  const backup = new Backup(source, options.attached ?? 'main', target)
  let pages = pageCount(options.pages ?? DEFAULT_PAGES, 'the pages of a backup')
  try {
    for (;;) {
      await new Promise(resolve => setTimeout(resolve, 0))
      // Throws when the source was closed between two steps.
      void source.pointer
      const progress = backup.step(pages)
      if (progress === undefined) {
        await backup.wait()
        continue
      }
      if (backup.done) return progress
      const asked: unknown = options.progress?.(progress)
      if (asked !== undefined) pages = pageCount(asked, 'the return value of progress()')
    }
  } finally {
    backup.finish()
  }
}

function pageCount(value: unknown, what: string): number {
  if (typeof value === 'number' && value >= 0) return Math.min(Math.round(value), 0x7fffffff)
  throw new TypeError(`${what}: expected a number of pages, got ${describeValue(value)}`)
}
