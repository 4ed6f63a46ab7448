import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { installNodeVfs, lastVfsError } from '../../src/sqlite/platform/node/node-vfs.ts'
import { SQLITE_ROW } from '../../src/sqlite/result-codes.ts'
import { type LockKind } from '../../src/sqlite/vfs/file-locks.ts'
import type { VfsError } from '../../src/sqlite/vfs/vfs-errors.ts'
import { type Pointer, SQLITE_NULL, type Sqlite } from '../../src/sqlite/wasm/wasm.ts'
import { sqliteAlone } from './sqlite-alone.ts'

/** The least connection that tests of the VFS need: SQL text in, rows of text out. */
export class RawConnection {
  readonly #sqlite: Sqlite
  readonly #db: Pointer

  private constructor(sqlite: Sqlite, db: Pointer) {
    this.#sqlite = sqlite
    this.#db = db
  }

  static open(sqlite: Sqlite, path: string, flags: number = OPEN_CREATE): RawConnection {
    const vfs = sqlite.ownedCString('node')
    const name = sqlite.ownedCString(path)
    const out = sqlite.alloc(4)
    const code = sqlite.raw.sqlite3_open_v2(name, out, flags, vfs)
    const db = sqlite.peek32(out)
    if (code !== 0) {
      const extended = sqlite.raw.sqlite3_extended_errcode(db)
      sqlite.raw.sqlite3_close_v2(db)
      throw new RawError(`cannot open ${path}`, extended)
    }
    sqlite.raw.sqlite3_extended_result_codes(db, 1)
    return new RawConnection(sqlite, db)
  }

  busyTimeout(ms: number): void {
    this.#sqlite.raw.sqlite3_busy_timeout(this.#db, ms)
  }

  /** Runs every statement and gives the rows of all of them, columns joined by `|` as the sqlite3 shell does. */
  all(sql: string): string[] {
    const { raw } = this.#sqlite
    const text = this.#sqlite.ownedCString(sql)
    const out = this.#sqlite.alloc(8)
    const rows: string[] = []
    try {
      for (let at = text; ; at = this.#sqlite.peek32(out + 4)) {
        this.#check(raw.sqlite3_prepare_v3(this.#db, at, -1, 0, out, out + 4), sql)
        const statement = this.#sqlite.peek32(out)
        if (statement === 0) return rows
        try {
          while (raw.sqlite3_step(statement) === SQLITE_ROW) rows.push(this.#row(statement))
        } finally {
          this.#check(raw.sqlite3_finalize(statement), sql)
        }
      }
    } finally {
      this.#sqlite.free(text)
      this.#sqlite.free(out)
    }
  }

  #row(statement: Pointer): string {
    const { raw } = this.#sqlite
    const columns: string[] = []
    for (let i = 0; i < raw.sqlite3_column_count(statement); i++) {
      const isNull = raw.sqlite3_column_type(statement, i) === SQLITE_NULL
      const text = raw.sqlite3_column_text(statement, i)
      columns.push(
        isNull ? '' : this.#sqlite.readText(text, raw.sqlite3_column_bytes(statement, i)),
      )
    }
    return columns.join('|')
  }

  #check(code: number, sql: string): void {
    if (code === 0) return
    const text = this.#sqlite.readCString(this.#sqlite.raw.sqlite3_errmsg(this.#db))
    throw new RawError(`${text}: ${sql}`, this.#sqlite.raw.sqlite3_extended_errcode(this.#db))
  }

  /** Calls a file control with an int, -1 before, and gives what it is after; a negative result code when it was refused. */
  fileControl(op: number, value = -1): number {
    const p = this.#sqlite.alloc(4)
    this.#sqlite.poke32(p, value)
    const code = this.#sqlite.raw.sqlite3_file_control(this.#db, 0, op, p)
    const answer = this.#sqlite.peek32(p)
    this.#sqlite.free(p)
    return code === 0 ? answer : -code
  }

  close(): void {
    const code = this.#sqlite.raw.sqlite3_close_v2(this.#db)
    if (code !== 0) throw new RawError('cannot close', code)
  }
}

export const OPEN_READONLY = 1
export const OPEN_READWRITE = 2
export const OPEN_CREATE = 6
export const OPEN_URI = 0x40

/** An error of SQLite with its extended code, and what the VFS remembers of it. */
export class RawError extends Error {
  readonly code: number
  readonly below: VfsError | undefined

  constructor(message: string, code: number) {
    super(`${message} (${code})`)
    this.code = code
    this.below = lastVfsError(code)
  }
}

/** SQLite with the VFS installed. */
export async function sqliteWithFiles(locks?: 'auto' | LockKind): Promise<Sqlite> {
  const sqlite = await sqliteAlone()
  installNodeVfs(sqlite, locks === undefined ? {} : { locks })
  return sqlite
}

/** A folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'svec-vfs-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Small seeded generator (mulberry32): numbers from 0 to below 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
