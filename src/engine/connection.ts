import { VecError } from '../errors.ts'
import { registerFunction, type FunctionOptions, type SqlFunction } from './functions.ts'
import { DatabaseHandle, type FileKnowledge } from './handle.ts'
import { NativeStatement } from './native-statement.ts'
import { Statement } from './statement.ts'
import { transaction, type Transaction } from './transaction.ts'
import { SQLITE_OK, type Pointer, type Sqlite } from './wasm.ts'

export type TransactionState = 'none' | 'read' | 'write'

/** One connection to one SQLite database. Everything on it is synchronous. */
export class Connection extends DatabaseHandle {
  /** Milliseconds that a statement waits for another connection's lock. */
  readonly busyTimeout: number
  readonly #statements = new Set<NativeStatement>()
  readonly #lost = new FinalizationRegistry<NativeStatement>(native => this.#collected(native))
  readonly #closing: (() => void)[] = []

  /** Use `openConnection`. */
  constructor(
    sqlite: Sqlite,
    pointer: Pointer,
    name: string,
    files: FileKnowledge,
    busyTimeout: number,
  ) {
    super(sqlite, pointer, name, files)
    this.busyTimeout = busyTimeout
    sqlite.raw.sqlite3_busy_timeout(pointer, busyTimeout)
  }

  /** Runs every statement of `sql`; rows are thrown away. */
  exec(sql: string): this {
    this.requireOpen()
    const { sqlite } = this
    const bytes = sqlite.alloc(sql.length * 3 + 1)
    try {
      const end = bytes + sqlite.writeText(sql, bytes)
      sqlite.u8[end] = 0
      let at = bytes
      while (at < end) {
        const { stmt, tail } = this.#prepare(at, end - at, 0)
        at = tail
        if (stmt === 0) continue
        this.#runOnce(stmt)
      }
    } finally {
      sqlite.free(bytes)
    }
    return this
  }

  /** Prepares one statement. */
  prepare(sql: string): Statement {
    this.requireOpen()
    if (typeof sql !== 'string') throw new TypeError(`prepare() takes SQL text, not ${typeof sql}`)
    const { sqlite } = this
    const PERSISTENT = 1
    const bytes = sqlite.alloc(sql.length * 3 + 1)
    let stmt: Pointer
    try {
      const length = sqlite.writeText(sql, bytes)
      sqlite.u8[bytes + length] = 0
      const first = this.#prepare(bytes, length, PERSISTENT)
      stmt = first.stmt
      if (stmt === 0) throw new RangeError('the SQL text holds no statement')
      const rest = this.#prepareRest(first.tail, bytes + length - first.tail)
      if (rest !== 0) {
        sqlite.raw.sqlite3_finalize(rest)
        sqlite.raw.sqlite3_finalize(stmt)
        throw new RangeError(
          'the SQL text holds more than one statement: use exec(), or prepare them one by one',
        )
      }
    } finally {
      sqlite.free(bytes)
    }
    const native = new NativeStatement(this, stmt, sql)
    this.#statements.add(native)
    const statement = new Statement(native, () => {
      this.#lost.unregister(native)
      this.#statements.delete(native)
    })
    this.#lost.register(statement, native, native)
    return statement
  }

  /**
   * Wraps `fn` so that it runs in a transaction, rolled back when it throws; inside another one it is a savepoint.
   * `.deferred`, `.immediate`, `.exclusive` choose how the outermost one begins.
   */
  transaction<A extends unknown[], R>(fn: (...args: A) => R): Transaction<A, R> {
    return transaction(this, fn)
  }

  /** Defines an SQL function. */
  function(name: string, ...rest: [FunctionOptions, SqlFunction] | [SqlFunction]): this {
    this.requireOpen()
    const [options, fn] = rest.length === 2 ? rest : [{}, rest[0]]
    registerFunction(this, name, options, fn)
    return this
  }

  /** Rows of `PRAGMA source`; with `simple` the first column of the first row. */
  pragma(source: string, options: { simple?: boolean } = {}): unknown {
    const statement = this.prepare(`PRAGMA ${source}`)
    try {
      if (!statement.reader) {
        statement.run()
        return options.simple ? undefined : []
      }
      return options.simple ? statement.pluck().get() : statement.all()
    } finally {
      statement.finalize()
    }
  }

  /** A transaction is open (not autocommit). */
  get inTransaction(): boolean {
    return this.isOpen && this.sqlite.raw.sqlite3_get_autocommit(this.pointer) === 0
  }

  /** The highest state of a schema ('main', 'temp', an attached name), or of all of them. */
  transactionState(schema?: string): TransactionState {
    this.requireOpen()
    const p = schema === undefined ? 0 : this.sqlite.cString(schema)
    const state = this.sqlite.raw.sqlite3_txn_state(this.pointer, p)
    return state === 2 ? 'write' : state === 1 ? 'read' : 'none'
  }

  /** Whether the schema can only be read. */
  isReadonly(schema = 'main'): boolean {
    this.requireOpen()
    return this.sqlite.raw.sqlite3_db_readonly(this.pointer, this.sqlite.cString(schema)) === 1
  }

  get readonly(): boolean {
    return this.isReadonly()
  }

  /** Rows changed on this connection so far, those of triggers too. */
  get totalChanges(): number {
    return this.sqlite.raw.sqlite3_total_changes(this.pointer)
  }

  /** Runs `task` with another patience for locks, at most the connection's own; 0: SQLITE_BUSY comes at once. */
  waitingAtMost<R>(milliseconds: number, task: () => R): R {
    const { raw } = this.sqlite
    raw.sqlite3_busy_timeout(this.pointer, Math.min(milliseconds, this.busyTimeout))
    try {
      return task()
    } finally {
      raw.sqlite3_busy_timeout(this.pointer, this.busyTimeout)
    }
  }

  /** Makes a running statement of this connection end with SQLITE_INTERRUPT. */
  interrupt(): void {
    if (this.isOpen) this.sqlite.raw.sqlite3_interrupt(this.pointer)
  }

  /** Runs `task` when close() is called, while the connection still works; the last one first. */
  onClose(task: () => void): void {
    this.#closing.push(task)
  }

  /** Ends all statements, rolls back an open transaction and closes the files. A second call does nothing. */
  close(): this {
    if (!this.isOpen) return this
    if (this.depth > 0) {
      throw new VecError(
        'SQLITE_MISUSE',
        'close() was called from a function that a statement of this connection is running',
      )
    }
    if (this.inTransaction) this.exec('ROLLBACK')
    for (const task of this.#closing.splice(0).toReversed()) task()
    for (const native of this.#statements) native.finalize()
    this.#statements.clear()
    this.isOpen = false
    this.sqlite.raw.sqlite3_close_v2(this.pointer)
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #prepare(sql: Pointer, bytes: number, flags: number): { stmt: Pointer; tail: Pointer } {
    const { sqlite } = this
    // Preparing may run xConnect, which prepares in turn: the two results need a place of their own.
    const out = sqlite.alloc(8)
    try {
      const code = sqlite.raw.sqlite3_prepare_v3(this.pointer, sql, bytes, flags, out, out + 4)
      if (code !== SQLITE_OK) throw this.failure(code)
      return { stmt: sqlite.peek32(out), tail: sqlite.peek32(out + 4) }
    } finally {
      sqlite.free(out)
    }
  }

  #prepareRest(sql: Pointer, bytes: number): Pointer {
    // Only white space or a comment may follow; most texts end right here.
    return bytes === 0 ? 0 : this.#prepare(sql, bytes, 0).stmt
  }

  #runOnce(stmt: Pointer): void {
    const native = new NativeStatement(this, stmt, '')
    try {
      while (native.step());
    } catch (error) {
      native.abandon()
      throw error
    } finally {
      native.finalize()
    }
  }

  /** Nobody is left who could be told that it failed. */
  #collected(native: NativeStatement): void {
    this.#statements.delete(native)
    try {
      native.abandon()
    } finally {
      native.finalize()
    }
  }
}
