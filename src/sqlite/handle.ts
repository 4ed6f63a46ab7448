import { VecError } from '../core/errors.ts'
import type { FileKnowledge } from './file-knowledge.ts'
import { SQLITE_OK } from './result-codes.ts'
import { nameText } from './sql-text.ts'
import { sqliteError, thrownText } from './sqlite-error.ts'
import { type Pointer, type Sqlite } from './wasm/wasm.ts'

/** The errors that can come from the file system. */
const FILE_FAILURES: ReadonlySet<string> = new Set([
  'SQLITE_BUSY',
  'SQLITE_CANTOPEN',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_NOTADB',
  'SQLITE_READONLY',
])

/** Whether SQLite reports only the primary code of a file error. */
function isBare({ code, extendedCode }: VecError, expected: string): boolean {
  return code === expected && FILE_FAILURES.has(code) && extendedCode < 256
}

/**
 * The maximum depth of SQL that calls JavaScript that runs SQL. All connections share one WebAssembly stack. If it
 * overflows inside SQLite, an operation stays half done.
 */
const MAX_NESTING = 100

let handles = 0

/** The sqlite3* behind a connection, and the state of its last call. */
export class DatabaseHandle {
  readonly sqlite: Sqlite
  /** The path or URI that was opened. */
  readonly name: string
  protected isOpen = true
  /** How many calls of JavaScript (functions, virtual tables) SQLite is running for this connection right now. */
  protected depth = 0
  /** The innermost statement that SQLite is stepping right now. */
  running: { readonly sql: string } | undefined
  /** The exception that went through C code of this connection and left it half done: no further call is allowed. */
  broken: unknown
  /** For interruption.ts: what may end the running statement. */
  watched: number | undefined
  readonly #pointer: Pointer
  /** How many of those calls are writes of virtual tables. */
  #writes = 0
  readonly #files: FileKnowledge
  readonly #id = ++handles
  /** What JavaScript threw, with its text: the cause of the failure that SQLite is about to report. */
  #pending: { readonly thrown: unknown; readonly text: string } | undefined
  /** Whether the running statement began inside a transaction, or has written. */
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

  /** The sqlite3*. Throws VEC_CLOSED once it is freed, so that no call can use it. */
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
   * Identifies the database behind a schema: the same on all connections of this process that have the file open. For
   * a detached schema, the key matches no file.
   */
  fileKey(schema = 'main'): string {
    const path = this.schemas().includes(schema) ? this.filename(schema) : ''
    const file = path === '' ? undefined : this.#files.identify(path)
    return file === undefined ? `connection ${this.#id}: ${schema}` : `file ${file}`
  }

  /** Absolute path of an existing file, looked up in the working directory, then beside this database. */
  locate(path: string): string | undefined {
    return this.#files.locate(path, this.filename())
  }

  /**
   * Whether a path from `locate` is `root` itself or lies in the folder `root`, at any depth. Symbolic links are
   * resolved.
   */
  isUnder(path: string, root: string): boolean {
    return this.#files.isUnder(path, root)
  }

  /** For the engine: removes the file of a closed connection. */
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
   * For the engine: runs JavaScript on behalf of SQLite, and keeps what it throws as the cause of SQLite's failure.
   *
   * SQLite answers a disk error by rolling back the whole transaction. JavaScript that catches such an error must not
   * go on as if the transaction were still there, so the statement fails whatever `run` returns.
   */
  guard<R>(run: () => R, failed: (message: string, error: unknown) => R): R {
    try {
      this.enterCallback()
      const result = run()
      this.completeCallback()
      return result
    } catch (error) {
      return failed(this.failCallback(error), error)
    } finally {
      this.leaveCallback()
    }
  }

  /**
   * For the engine: the steps of `guard`, for calls so frequent that closures cost too much. Use them in the same order.
   *
   * `looks`: ask SQLite whether a transaction is open. Calls for single rows and columns pass false, since the first
   * call for the statement has asked.
   */
  enterCallback(looks = true): void {
    const { sqlite } = this
    if (looks && this.depth === 0) this.#hasTransaction = this.#isWriting
    this.depth++
    sqlite.nesting++
    if (sqlite.nesting > MAX_NESTING) throw tooDeep()
  }

  /** What was called has returned. */
  completeCallback(): void {
    if (this.#rolledBack !== undefined) throw this.#rolledBack
  }

  /** What was called has thrown; its text. */
  failCallback(error: unknown): string {
    if (this.depth === 1) this.#rolledBack = undefined
    const text = thrownText(error)
    this.#pending = { thrown: error, text }
    return text
  }

  leaveCallback(): void {
    this.depth--
    this.sqlite.nesting--
  }

  /** For the engine: `guard` for a write of a virtual table. */
  guardWrite<R>(run: () => R, failed: (message: string, error: unknown) => R): R {
    this.#writes++
    try {
      return this.guard(run, failed)
    } finally {
      this.#writes--
    }
  }

  /** Whether this JavaScript (a function, or a virtual table) runs on behalf of a statement. */
  get insideStatement(): boolean {
    return this.depth > 0
  }

  /** Whether this JavaScript runs a write of a virtual table: no transaction can begin or end here. */
  get insideWrite(): boolean {
    return this.#writes > 0
  }

  /** For the engine: prepares the first statement of SQL text in memory. `stmt` is 0 if the text has none. */
  compile(sql: Pointer, bytes: number, flags: number): { stmt: Pointer; tail: Pointer } {
    const { sqlite, pointer } = this
    // Preparing may run xConnect, which prepares in turn, so the two results cannot lie in scratch space.
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

  /** Whether a transaction is open or a statement writes. */
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
    // An error that SQLite swallowed (for a plan it dropped) is not the cause of a later one.
    if (pending !== undefined && isBehind(pending.text, plain.message)) {
      return sqliteError(this.sqlite, this.pointer, code, { cause: pending.thrown })
    }
    if (FILE_FAILURES.has(plain.code)) {
      const files = this.schemas().map(schema => this.filename(schema))
      const explained = this.#files.explain(plain, files)
      if (explained) return explained
    }
    // When dropping a virtual table fails, SQLite does not ask for the message.
    const thrown = pending?.thrown
    return thrown instanceof VecError && isBare(plain, thrown.code) ? thrown : plain
  }

  /** For the engine: a schema's name for C, in scratch space. */
  protected schemaName(schema: string): Pointer {
    const name = nameText(schema, 'the name of a schema')
    const known = this.schemas()
    if (!known.some(one => one.toLowerCase() === name.toLowerCase())) throw this.noSchema(name)
    return this.sqlite.cString(name)
  }

  protected noSchema(name: string): RangeError {
    return new RangeError(
      `there is no schema ${JSON.stringify(name)}: expected one of ${this.schemas().join(', ')}`,
    )
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

/** The error after JavaScript's stack, or the memory, ran out inside C code. */
export function stopped(error: unknown): VecError {
  return new VecError(
    'VEC_ENGINE',
    `SQLite was interrupted by an exception, and this connection cannot continue: ${thrownText(error)}`,
    { cause: error, hint: 'end this process or worker: it may hold locks on the file until then' },
  )
}
