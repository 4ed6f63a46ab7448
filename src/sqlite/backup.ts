import { describeValue } from '../core/describe-value.ts'
import type { DatabaseHandle } from './handle.ts'
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
  /** Pages for each step; default 100. Between two steps other code runs, and may write. */
  readonly pages?: number
  /** Called between two steps; a number that it returns is the pages of the next one. */
  readonly progress?: (progress: BackupProgress) => number | void
}

/**
 * Copies a database into another page by page while both are in use. A write of the source's own connection goes into the
 * copy as well; after a write of any other one SQLite begins the copy again.
 */
export class Backup {
  readonly #source: DatabaseHandle
  readonly #target: DatabaseHandle
  #backup: Pointer

  /** Throws when the target is in use, or the same database. */
  constructor(source: DatabaseHandle, schema: string, target: DatabaseHandle) {
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
  }

  /** Copies up to so many pages, all of them for -1; a locked database is no error: the next step tries again. */
  step(pages: number): BackupProgress {
    const { sqlite } = this.#source
    const { raw } = sqlite
    const nested = sqlite.enter()
    const code = raw.sqlite3_backup_step(this.#backup, pages)
    sqlite.leave(nested)
    const waits = (code & 0xff) === SQLITE_BUSY || (code & 0xff) === SQLITE_LOCKED
    if (code !== SQLITE_OK && code !== SQLITE_DONE && !waits) throw this.#target.failure(code)
    const totalPages = raw.sqlite3_backup_pagecount(this.#backup)
    const remainingPages = raw.sqlite3_backup_remaining(this.#backup)
    return { totalPages, remainingPages }
  }

  /** Ends it: without its last page the target is as it was. A second call does nothing. */
  finish(): void {
    const backup = this.#backup
    this.#backup = 0
    if (backup !== 0) this.#source.sqlite.raw.sqlite3_backup_finish(backup)
  }
}

const DEFAULT_PAGES = 100

/** Runs a backup to its end, a step for each turn of the event loop. */
export async function runBackup(
  source: DatabaseHandle,
  target: DatabaseHandle,
  options: BackupOptions = {},
): Promise<BackupProgress> {
  const backup = new Backup(source, options.attached ?? 'main', target)
  let pages = pageCount(options.pages ?? DEFAULT_PAGES, 'the pages of a backup')
  try {
    for (;;) {
      await new Promise(resolve => setTimeout(resolve, 0))
      // Throws when the source was closed on the way.
      void source.pointer
      const progress = backup.step(pages)
      if (progress.remainingPages === 0) return progress
      const asked: unknown = options.progress?.(progress)
      if (asked !== undefined) pages = pageCount(asked, 'what progress() returns')
    }
  } finally {
    backup.finish()
  }
}

function pageCount(value: unknown, what: string): number {
  if (typeof value === 'number' && value >= 0) return Math.min(Math.round(value), 0x7fffffff)
  throw new TypeError(`${what} is a number of pages, not ${describeValue(value)}`)
}
