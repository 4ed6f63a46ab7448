import { describeValue } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import { inspectAs } from '../core/inspect.ts'
import type { Database, Interruption, TransactionState } from '../database/database.ts'
import { transaction, type Transaction } from '../database/transaction.ts'
import { registerAggregate, type AggregateOptions } from './aggregates.ts'
import type { FileKnowledge } from './file-knowledge.ts'
import { registerFunction, type FunctionOptions, type SqlFunction } from './functions.ts'
import { DatabaseHandle } from './handle.ts'
import { interruptible } from './interruption.ts'
import { NativeStatement } from './native-statement.ts'
import { serialize } from './serialize.ts'
import { snapshotOrder } from './snapshot-order.ts'
import { nameText, sqlText } from './sql-text.ts'
import { Statement } from './statement.ts'
import { type Pointer, type Sqlite } from './wasm/wasm.ts'

/** SQLITE_DBCONFIG_DEFENSIVE. */
const DEFENSIVE = 1010

/** One connection to one SQLite database. Everything on it is synchronous. */
export class Connection extends DatabaseHandle implements Database {
  static {
    inspectAs(Connection, db => {
      const name = JSON.stringify(db.name)
      if (!db.isOpen) return `Connection { ${name}, closed }`
      return `Connection { ${name}, open${db.inTransaction ? ', in a transaction' : ''} }`
    })
  }
  /** A statement sees one snapshot from its first row to its last, regardless of other statements of the connection. */
  readonly holdsSnapshots = true
  readonly hasVirtualTables = true
  readonly #statements = new Set<NativeStatement>()
  readonly #lost = new FinalizationRegistry<NativeStatement>(native => this.#collected(native))
  readonly #closing: (() => void)[] = []
  #isClosing = false
  #lastTimeout = 0
  #safeIntegers = false
  #postponed: ((db: Connection) => void) | undefined

  /** Use `openConnection`. `whenReadable`: what to run as soon as no other connection holds a lock. */
  constructor(
    sqlite: Sqlite,
    pointer: Pointer,
    name: string,
    files: FileKnowledge,
    busyTimeout: number,
    whenReadable?: (db: Connection) => void,
  ) {
    super(sqlite, pointer, name, files)
    this.#postponed = whenReadable
    sqlite.raw.sqlite3_busy_timeout(pointer, busyTimeout)
  }

  /** Milliseconds that a statement waits for another connection's lock: the same as `PRAGMA busy_timeout`. */
  get busyTimeout(): number {
    if (!this.isOpen) return this.#lastTimeout
    return this.pragma('busy_timeout', { simple: true }) as number
  }

  set busyTimeout(milliseconds: number) {
    const { raw } = this.sqlite
    raw.sqlite3_busy_timeout(this.pointer, busyMilliseconds(milliseconds))
  }

  /**
   * Runs every statement of `sql` and discards the rows. `log` receives each statement before it runs. `ran` receives, after
   * each statement, how many bytes of `sql` (in UTF-8) have run.
   */
  exec(sql: string, log?: (sql: string) => void, ran?: (bytes: number) => void): this {
    const { sqlite } = this
    sqlText(sql, 'exec')
    if (this.#postponed !== undefined) this.#runPostponed(this.#postponed)
    const bytes = sqlite.alloc(sql.length * 3 + 1)
    try {
      const end = bytes + sqlite.writeText(sql, bytes)
      sqlite.u8[end] = 0
      let at = bytes
      while (at < end) {
        const { stmt, tail } = this.compile(at, end - at, 0)
        at = tail
        if (stmt === 0) continue
        this.#runOnce(stmt, log)
        ran?.(at - bytes)
      }
    } finally {
      sqlite.free(bytes)
    }
    return this
  }

  /** Runs what was postponed without waiting; if another connection has locked the file, a later statement runs it. */
  #runPostponed(run: (db: Connection) => void): void {
    this.#postponed = undefined
    try {
      this.waitingAtMost(0, () => run(this))
    } catch (error) {
      if (!(error instanceof VecError && error.code === 'SQLITE_BUSY')) throw error
      this.#postponed = run
    }
  }

  /** Prepares one statement. */
  prepare(sql: string): Statement {
    const { sqlite } = this
    sqlText(sql, 'prepare')
    if (this.#postponed !== undefined) this.#runPostponed(this.#postponed)
    const PERSISTENT = 1
    const bytes = sqlite.alloc(sql.length * 3 + 1)
    let stmt: Pointer
    try {
      const length = sqlite.writeText(sql, bytes)
      sqlite.u8[bytes + length] = 0
      const first = this.compile(bytes, length, PERSISTENT)
      stmt = first.stmt
      if (stmt === 0) throw new RangeError('the SQL text does not contain a statement')
      this.#requireNoMore(stmt, first.tail, bytes + length - first.tail)
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
    return this.#safeIntegers ? statement.safeIntegers() : statement
  }

  /**
   * Wraps `fn` so that it runs in a transaction, or inside another one in a savepoint. It is rolled back if `fn` throws.
   * `.deferred`, `.immediate`, `.exclusive` choose how the outermost one begins.
   */
  transaction<A extends unknown[], R>(fn: (...args: A) => R): Transaction<A, R> {
    return transaction(this, fn)
  }

  /** Defines an SQL function. */
  function(name: string, ...rest: [FunctionOptions, SqlFunction] | [SqlFunction]): this {
    const [options, fn] = rest.length === 2 ? rest : [{}, rest[0]]
    registerFunction(this, name, options, fn)
    return this
  }

  /**
   * Defines an aggregate function, and with `inverse` a window function.
   *
   *     db.aggregate('product', { start: 1, step: (product, x) => product * x })
   */
  aggregate<State>(name: string, options: AggregateOptions<State>): this {
    registerAggregate(this, name, options)
    return this
  }

  /** The bytes of a database, as in its file. `open(bytes)` opens them. */
  serialize(schema = 'main'): Uint8Array {
    this.schemaName(schema)
    return serialize(this, schema)
  }

  /** Statements prepared after this call return every INTEGER as bigint. */
  defaultSafeIntegers(on = true): this {
    this.#safeIntegers = on
    return this
  }

  /**
   * Runs `task`. A statement that is still running when the deadline (milliseconds from now) has passed, or the signal is
   * aborted, ends with SQLITE_INTERRUPT.
   *
   *     db.interruptible({ deadline: 200 }, () => db.prepare(sql).all())
   */
  interruptible<R>(when: Interruption, task: () => R): R {
    return interruptible(this, when, task)
  }

  /** The rows of `PRAGMA source`; with `simple`, the first column of the first row. */
  pragma(source: string, options: { simple?: boolean } = {}): unknown {
    const statement = this.prepare(`PRAGMA ${sqlText(source, 'pragma')}`)
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

  /** Whether a transaction is open (not autocommit). */
  get inTransaction(): boolean {
    return this.isOpen && this.sqlite.raw.sqlite3_get_autocommit(this.pointer) === 0
  }

  /** The highest state of a schema ('main', 'temp', an attached name), or of all of them. */
  transactionState(schema?: string): TransactionState {
    const { sqlite, pointer } = this
    const p = schema === undefined ? 0 : sqlite.cString(nameText(schema, 'the name of a schema'))
    const state = sqlite.raw.sqlite3_txn_state(pointer, p)
    if (state < 0) throw this.noSchema(schema!)
    return state === 2 ? 'write' : state === 1 ? 'read' : 'none'
  }

  /**
   * Orders the snapshots of one file among the connections of this thread: a later snapshot has a larger number, and
   * sees at least as much. Undefined without shared WAL, where no snapshot outlives a commit.
   */
  snapshotOrder(schema = 'main'): number | undefined {
    return snapshotOrder(this, schema)
  }

  /** Whether the schema is read-only. */
  isReadonly(schema = 'main'): boolean {
    return this.sqlite.raw.sqlite3_db_readonly(this.pointer, this.schemaName(schema)) === 1
  }

  get readonly(): boolean {
    return this.isReadonly()
  }

  /**
   * Protects the database from damage by SQL: writes to sqlite_schema and to shadow tables are refused. False unless
   * it is set.
   */
  get defensive(): boolean {
    return this.#configured(DEFENSIVE, -1)
  }

  set defensive(on: boolean) {
    this.#configured(DEFENSIVE, on ? 1 : 0)
  }

  /** Sets a switch of SQLite and returns its value; -1 only reads it. */
  #configured(option: number, value: number): boolean {
    const { sqlite, pointer } = this
    const out = sqlite.alloc(4)
    try {
      sqlite.raw.sqlite3__wasm_db_config_ip(pointer, option, value, out)
      return sqlite.peek32(out) !== 0
    } finally {
      sqlite.free(out)
    }
  }

  /** Rows changed on this connection so far, including by triggers. */
  get totalChanges(): number {
    return this.sqlite.raw.sqlite3_total_changes(this.pointer)
  }

  /**
   * Runs `task` with a busy timeout of at most `milliseconds`, then restores the old one. With 0, SQLITE_BUSY is
   * thrown at once.
   */
  waitingAtMost<R>(milliseconds: number, task: () => R): R {
    if (typeof task !== 'function') {
      throw new TypeError(
        `waitingAtMost() takes milliseconds and a function, got ${describeValue(task)} as the function`,
      )
    }
    const before = this.busyTimeout
    this.busyTimeout = Math.min(busyMilliseconds(milliseconds), before)
    try {
      return task()
    } finally {
      if (this.isOpen) this.busyTimeout = before
    }
  }

  /**
   * Runs work that the caller did not ask for (saving indexes, creating tables): its writes do not change
   * `last_insert_rowid()`.
   */
  unnoticed<R>(task: () => R): R {
    const { raw } = this.sqlite
    const rowid = raw.sqlite3_last_insert_rowid(this.pointer)
    try {
      return task()
    } finally {
      if (this.isOpen) raw.sqlite3_set_last_insert_rowid(this.pointer, rowid)
    }
  }

  /** Ends a running statement of this connection with SQLITE_INTERRUPT. */
  interrupt(): void {
    if (this.isOpen) this.sqlite.raw.sqlite3_interrupt(this.pointer)
  }

  /** Runs `task` when close() is called, while the connection still works. The last registered task runs first. */
  onClose(task: () => void): void {
    if (typeof task !== 'function') {
      throw new TypeError(`onClose() takes a function, got ${describeValue(task)}`)
    }
    this.#closing.push(task)
  }

  /**
   * Ends all statements, rolls back an open transaction and closes the files. A second call does nothing. An iterate() that
   * is running ends: its next step throws VEC_CLOSED. Errors during closing are thrown once the files are closed.
   * Throws SQLITE_MISUSE, and closes nothing, inside a function that a running statement of this connection calls.
   */
  close(): this {
    if (!this.isOpen || this.#isClosing) return this
    if (this.depth > 0) {
      throw new VecError(
        'SQLITE_MISUSE',
        'close() was called from a function that a running statement of this connection calls',
        { hint: 'return from the function first' },
      )
    }
    this.#isClosing = true
    if (this.broken !== undefined) {
      // The objects inside SQLite stay as they are.
      this.isOpen = false
      return this
    }
    const errors: unknown[] = []
    const attempt = (task: () => void): void => {
      try {
        task()
      } catch (error) {
        errors.push(error)
      }
    }
    attempt(() => this.inTransaction && this.exec('ROLLBACK'))
    for (const native of this.#statements) attempt(() => native.started && native.end())
    for (const task of this.#closing.splice(0).toReversed()) attempt(task)
    for (const native of this.#statements) attempt(() => native.finalize())
    this.#statements.clear()
    attempt(() => (this.#lastTimeout = this.busyTimeout))
    const { pointer } = this
    this.isOpen = false
    this.sqlite.raw.sqlite3_close_v2(pointer)
    if (errors.length > 0) throw errors[0]
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Throws unless only white space or a comment follows the statement. Most texts end right behind it. */
  #requireNoMore(stmt: Pointer, rest: Pointer, bytes: number): void {
    if (bytes === 0) return
    const { raw } = this.sqlite
    let more: Pointer
    let cause: unknown
    try {
      more = this.compile(rest, bytes, 0).stmt
    } catch (error) {
      more = 0
      cause = error
    }
    if (more === 0 && cause === undefined) return
    raw.sqlite3_finalize(more)
    raw.sqlite3_finalize(stmt)
    throw new RangeError(
      'the SQL text contains more than one statement: use exec(), or prepare them one by one',
      cause === undefined ? undefined : { cause },
    )
  }

  #runOnce(stmt: Pointer, log?: (sql: string) => void): void {
    const native = new NativeStatement(this, stmt, '')
    try {
      log?.(native.expandedSql.trimStart())
      while (native.step());
    } catch (error) {
      native.abandon()
      throw error
    } finally {
      native.finalize()
    }
  }

  /** Ignores a failure: there is no caller to report it to. */
  #collected(native: NativeStatement): void {
    this.#statements.delete(native)
    try {
      native.abandon()
    } finally {
      native.finalize()
    }
  }
}

/** Checks a busy timeout. */
export function busyMilliseconds(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0x7fffffff) {
    return value as number
  }
  throw new RangeError(
    `busyTimeout must be a number of milliseconds from 0 to 2147483647, got ${describeValue(value)}`,
  )
}
