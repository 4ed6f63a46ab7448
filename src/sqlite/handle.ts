import { VecError } from '../core/errors.ts'
import type { FileKnowledge } from './file-knowledge.ts'
import { SQLITE_OK } from './result-codes.ts'
import { nameText } from './sql-text.ts'
import { sqliteError, thrownText } from './sqlite-error.ts'
import { type Pointer, type Sqlite } from './wasm/wasm.ts'

/** What the file system can have to do with. */
const FILE_FAILURES: ReadonlySet<string> = new Set([
  'SQLITE_BUSY',
  'SQLITE_CANTOPEN',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_NOTADB',
  'SQLITE_READONLY',
])

/** An error of a file of which SQLite kept the code `code` alone. */
function isBare({ code, extendedCode }: VecError, expected: string): boolean {
  return code === expected && FILE_FAILURES.has(code) && extendedCode < 256
}

/**
 * SQL that calls JavaScript that runs SQL, and so on: so deep and no deeper. All connections share one stack of WebAssembly,
 * and when it ends in the middle of SQLite, what SQLite was doing stays undone.
 */
const MAX_NESTING = 100

let handles = 0

/** The sqlite3* behind a connection, and what became of the last call on it. */
export class DatabaseHandle {
  readonly sqlite: Sqlite
  /** The path or URI it was opened with. */
  readonly name: string
  protected isOpen = true
  /** JavaScript that SQLite is running right now for this connection: functions, virtual tables. */
  protected depth = 0
  /** The statement that SQLite is stepping right now: the innermost one. */
  running: { readonly sql: string } | undefined
  /** An exception went through C code of this connection and left it in the middle: nothing may be asked of it again. */
  broken: unknown
  /** For interruption.ts: what may end the statement that runs. */
  watched: number | undefined
  readonly #pointer: Pointer
  /** Of that, writes of virtual tables. */
  #writes = 0
  readonly #files: FileKnowledge
  readonly #id = ++handles
  /** What JavaScript threw behind the failure that SQLite is about to report, and its text. */
  #pending: { readonly thrown: unknown; readonly text: string } | undefined
  /** The running statement began inside a transaction, or has written. */
  #hasTransaction = false
  /** The failure for which SQLite rolled that transaction back. */
  #rolledBack: VecError | undefined

  constructor(sqlite: Sqlite, pointer: Pointer, name: string, files: FileKnowledge) {
    this.sqlite = sqlite
    this.#pointer = pointer
    this.name = name
    this.#files = files
  }

  /** True until close() is called. */
  get open(): boolean {
    return this.isOpen
  }

  /** The sqlite3*. Throws VEC_CLOSED once it is freed, so that nothing is asked of it then. */
  get pointer(): Pointer {
    if (!this.isOpen) {
      throw new VecError('VEC_CLOSED', 'the database connection is closed: open() it again')
    }
    if (this.broken !== undefined) throw stopped(this.broken)
    return this.#pointer
  }

  /** Absolute path of the file behind a schema; '' for memory and temporary databases. RangeError for any other name. */
  filename(schema = 'main'): string {
    const { sqlite } = this
    const p = sqlite.raw.sqlite3_db_filename(this.pointer, this.schemaName(schema))
    return sqlite.readCString(p)
  }

  /**
   * Names the database behind a schema: the same on all connections of this process that have the file open. Of a schema
   * that was detached it is one that no file has.
   */
  fileKey(schema = 'main'): string {
    const path = this.schemas().includes(schema) ? this.filename(schema) : ''
    const file = path === '' ? undefined : this.#files.identify(path)
    return file === undefined ? `connection ${this.#id}: ${schema}` : `file ${file}`
  }

  /** Absolute path of an existing file, looked for in the working directory, then beside this database. */
  locate(path: string): string | undefined {
    return this.#files.locate(path, this.filename())
  }

  /** Whether a path that `locate` gave is a file or lies in a folder, at any depth, whatever links lead to that. */
  isUnder(path: string, root: string): boolean {
    return this.#files.isUnder(path, root)
  }

  /** For the engine: removes the file of a connection that is closed. */
  removeFile(): void {
    this.#files.remove(this.name)
  }

  /** Identity of an existing file, comparable with `fileKey`. */
  keyOfFile(path: string): string | undefined {
    const file = this.#files.identify(path)
    return file === undefined ? undefined : `file ${file}`
  }

  /** Schemas in SQLite's order: main, temp, then the attached ones. */
  schemas(): string[] {
    const { pointer } = this
    const names: string[] = []
    for (let n = 0; ; n++) {
      const p = this.sqlite.raw.sqlite3_db_name(pointer, n)
      if (p === 0) return names
      names.push(this.sqlite.readCString(p))
    }
  }

  /**
   * For the engine: runs JavaScript on behalf of SQLite. What it throws is kept as the cause of SQLite's failure.
   * SQLite answers an error of a disk by rolling back the whole transaction. JavaScript that does without what it could not
   * read must not go on as if it had not: the statement fails, whatever `run` made of the error. `looks`: whether a
   * transaction is open has to be asked; for each row and column it is known from the first call for the statement.
   */
  guard<R>(run: () => R, failed: (message: string, error: unknown) => R, looks = true): R {
    const { sqlite } = this
    if (looks && this.depth === 0) this.#hasTransaction = this.#isWriting
    this.depth++
    sqlite.nesting++
    try {
      if (sqlite.nesting > MAX_NESTING) throw tooDeep()
      const result = run()
      if (this.#rolledBack !== undefined) throw this.#rolledBack
      return result
    } catch (error) {
      if (this.depth === 1) this.#rolledBack = undefined
      const text = thrownText(error)
      this.#pending = { thrown: error, text }
      return failed(text, error)
    } finally {
      this.depth--
      sqlite.nesting--
    }
  }

  /** For the engine: the same for a write of a virtual table. */
  guardWrite<R>(run: () => R, failed: (message: string, error: unknown) => R): R {
    this.#writes++
    try {
      return this.guard(run, failed)
    } finally {
      this.#writes--
    }
  }

  /** A statement runs, and this JavaScript on its behalf: a function, or a virtual table. */
  get insideStatement(): boolean {
    return this.depth > 0
  }

  /** A statement is writing through a virtual table, and JavaScript does it: no transaction can begin or end here. */
  get insideWrite(): boolean {
    return this.#writes > 0
  }

  /** For the engine: prepares the first statement of SQL text in memory. `stmt` is 0 where there is none. */
  compile(sql: Pointer, bytes: number, flags: number): { stmt: Pointer; tail: Pointer } {
    const { sqlite, pointer } = this
    // Preparing may run xConnect, which prepares in turn: the two results need a place of their own.
    const out = sqlite.alloc(8)
    try {
      const nested = sqlite.enter()
      let code: number
      try {
        code = sqlite.raw.sqlite3_prepare_v3(pointer, sql, bytes, flags, out, out + 4)
      } catch (error) {
        this.broken = error
        throw stopped(error)
      }
      sqlite.leave(nested)
      if (code !== SQLITE_OK) throw this.failure(code)
      return { stmt: sqlite.peek32(out), tail: sqlite.peek32(out + 4) }
    } finally {
      sqlite.free(out)
    }
  }

  /** For the engine: the error of the call that just returned `code`. */
  failure(code: number): VecError {
    const failure = this.#failureOf(code)
    if (this.depth > 0 && this.#hasTransaction && !this.#isWriting) this.#rolledBack ??= failure
    return failure
  }

  /** A transaction is open, or a statement writes. */
  get #isWriting(): boolean {
    if (!this.isOpen || this.broken !== undefined) return false
    const { raw } = this.sqlite
    const WRITE = 2
    return (
      raw.sqlite3_get_autocommit(this.#pointer) === 0 ||
      raw.sqlite3_txn_state(this.#pointer, 0) === WRITE
    )
  }

  #failureOf(code: number): VecError {
    const pending = this.#pending
    this.#pending = undefined
    const plain = sqliteError(this.sqlite, this.pointer, code)
    // An error that SQLite swallowed (a plan it tried and dropped) is not the cause of a later one.
    if (pending !== undefined && isBehind(pending.text, plain.message)) {
      return sqliteError(this.sqlite, this.pointer, code, { cause: pending.thrown })
    }
    if (FILE_FAILURES.has(plain.code)) {
      const files = this.schemas().map(schema => this.filename(schema))
      const explained = this.#files.explain(plain, files)
      if (explained) return explained
    }
    // Dropping a virtual table, SQLite does not ask why that failed.
    const thrown = pending?.thrown
    return thrown instanceof VecError && isBare(plain, thrown.code) ? thrown : plain
  }

  /** For the engine: a schema's name for C, in scratch space. */
  protected schemaName(schema: string): Pointer {
    const name = nameText(schema, 'the name of a schema')
    const known = this.schemas()
    if (!known.some(one => one.toLowerCase() === name.toLowerCase())) {
      throw new RangeError(
        `there is no schema ${JSON.stringify(name)}: expected one of ${known.join(', ')}`,
      )
    }
    return this.sqlite.cString(name)
  }
}

function isBehind(thrown: string, reported: string): boolean {
  return thrown === '' ? reported === '' : reported.includes(thrown)
}

function tooDeep(): VecError {
  return new VecError(
    'SQLITE_ERROR',
    `SQL calls JavaScript that runs SQL, more than ${MAX_NESTING} levels deep`,
    {
      hint: 'if a function or trigger calls itself, use a recursive common table expression instead',
    },
  )
}

/** JavaScript's stack, or the memory, ended in the middle of C code. */
export function stopped(error: unknown): VecError {
  return new VecError(
    'VEC_ENGINE',
    `SQLite was interrupted by an exception, and this connection cannot continue: ${thrownText(error)}`,
    { cause: error, hint: 'end this process or worker: it may hold locks on the file until then' },
  )
}
