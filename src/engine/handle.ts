import { VecError } from '../errors.ts'
import { sqliteError } from './sqlite-error.ts'
import type { Pointer, Sqlite } from './wasm.ts'

/** What a platform knows about files. */
export interface FileKnowledge {
  /** Says more of a failure that has to do with files: what the system said, who holds the lock, what to do. */
  explain(failure: VecError, files: readonly string[]): VecError | undefined
  /** The same for all names of one file; undefined when there is none. */
  identify(path: string): string | undefined
  /** Absolute path of a file that exists, looked for in the working directory, then beside another file. */
  locate(path: string, beside: string): string | undefined
}

/** What the file system can have to do with. */
const FILE_FAILURES: ReadonlySet<string> = new Set([
  'SQLITE_BUSY',
  'SQLITE_CANTOPEN',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_NOTADB',
  'SQLITE_READONLY',
])

let handles = 0

/** The sqlite3* behind a connection, and what became of the last call on it. */
export class DatabaseHandle {
  readonly sqlite: Sqlite
  readonly pointer: Pointer
  /** The path or URI it was opened with. */
  readonly name: string
  protected isOpen = true
  /** JavaScript that SQLite is running right now for this connection: functions, virtual tables. */
  protected depth = 0
  /** Of that, writes of virtual tables. */
  #writes = 0
  readonly #files: FileKnowledge
  readonly #id = ++handles
  /** The JavaScript error behind the failure that SQLite is about to report. */
  #pending: unknown

  constructor(sqlite: Sqlite, pointer: Pointer, name: string, files: FileKnowledge) {
    this.sqlite = sqlite
    this.pointer = pointer
    this.name = name
    this.#files = files
  }

  /** True until close() is called. */
  get open(): boolean {
    return this.isOpen
  }

  /** Absolute path of the file behind a schema; '' for memory and temporary databases. */
  filename(schema = 'main'): string {
    this.requireOpen()
    const { sqlite } = this
    return sqlite.readCString(sqlite.raw.sqlite3_db_filename(this.pointer, sqlite.cString(schema)))
  }

  /** Names the database behind a schema: the same on all connections of this process that have the file open. */
  fileKey(schema = 'main'): string {
    const path = this.filename(schema)
    const file = path === '' ? undefined : this.#files.identify(path)
    return file === undefined ? `connection ${this.#id}: ${schema}` : `file ${file}`
  }

  /** Absolute path of an existing file, looked for in the working directory, then beside this database. */
  locate(path: string): string | undefined {
    return this.#files.locate(path, this.filename())
  }

  /** Identity of an existing file, comparable with `fileKey`. */
  keyOfFile(path: string): string | undefined {
    const file = this.#files.identify(path)
    return file === undefined ? undefined : `file ${file}`
  }

  /** Schemas in SQLite's order: main, temp, then the attached ones. */
  schemas(): string[] {
    this.requireOpen()
    const names: string[] = []
    for (let n = 0; ; n++) {
      const p = this.sqlite.raw.sqlite3_db_name(this.pointer, n)
      if (p === 0) return names
      names.push(this.sqlite.readCString(p))
    }
  }

  /** For the engine: runs JavaScript on behalf of SQLite. What it throws is kept as the cause of SQLite's failure. */
  guard<R>(run: () => R, failed: (error: unknown) => R): R {
    this.depth++
    try {
      return run()
    } catch (error) {
      this.#pending = error
      return failed(error)
    } finally {
      this.depth--
    }
  }

  /** For the engine: the same for a write of a virtual table. */
  guardWrite<R>(run: () => R, failed: (error: unknown) => R): R {
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

  /** For the engine: the error of the call that just returned `code`. */
  failure(code: number): VecError {
    const pending = this.#pending
    this.#pending = undefined
    const plain = sqliteError(this.sqlite, this.pointer, code)
    if (FILE_FAILURES.has(plain.code)) {
      const files = this.schemas().map(schema => this.filename(schema))
      const explained = this.#files.explain(plain, files)
      if (explained) return explained
    }
    // An error that SQLite swallowed (a plan it tried and dropped) is not the cause of a later one.
    const mine = pending instanceof Error && plain.message.includes(pending.message)
    return mine ? sqliteError(this.sqlite, this.pointer, code, { cause: pending }) : plain
  }

  protected requireOpen(): void {
    if (this.isOpen) return
    throw new VecError('VEC_CLOSED', 'the database connection is closed: open() it again')
  }
}
