import { basename } from 'node:path'
import { inspect } from 'node:util'
import { backup, type BackupMetadata, type BackupOptions } from './backup.ts'
import { ConnectionState } from './connection-state.ts'
import type { DatabaseFacts } from './database-facts.ts'
import { defineAggregate, defineFunction, type AggregateOptions } from './functions.ts'
import { openDatabase, type DatabaseOptions } from './open-database.ts'
import { SqliteError } from './sqlite-error.ts'
import { Statement } from './statement.ts'
import { defineTable } from './table.ts'
import { transaction, TransactionStatements, type Transaction } from './transaction.ts'
import { asBuffer, switchArgument, switchOption } from './values.ts'

/** File names under which sqlite-vec is distributed. */
const SQLITE_VEC = /^(?:lib)?(?:sqlite[-_])?vec0?(?:\.(?:so|dylib|dll))?$/

let toldOfExtension = false

/** The form in which inspection shows a database. */
class Shown {
  static {
    Object.defineProperty(Shown, 'name', { value: 'Database' })
  }
}

/** A database with the interface of better-sqlite3. `public-types.ts` documents the members. */
export class Database implements DatabaseFacts {
  static {
    Object.defineProperty(Database.prototype, inspect.custom, {
      value: function shown(this: Database): object {
        return Object.assign(new Shown(), this)
      },
    })
  }
  declare readonly name: string
  declare readonly open: boolean
  declare readonly inTransaction: boolean
  declare readonly readonly: boolean
  declare readonly memory: boolean
  readonly #state: ConnectionState
  #transactions: TransactionStatements | undefined

  /**
   * Opens a file, `''` and `':memory:'` in memory, or the bytes from `serialize`. Throws TypeError for options of
   * another type and for a folder that does not exist, SqliteError for a database that cannot be opened.
   */
  constructor(filename?: string | Buffer | null, options?: DatabaseOptions | null) {
    const { connection, log, ...facts } = openDatabase(filename, options)
    this.#state = new ConnectionState(connection, log)
    const { name, memory, readonly } = facts
    Object.defineProperties(this, {
      name: { value: name, enumerable: true },
      open: { get: () => connection.open, enumerable: true },
      inTransaction: { get: () => connection.inTransaction, enumerable: true },
      readonly: { value: readonly, enumerable: true },
      memory: { value: memory, enumerable: true },
    })
  }

  prepare(sql: string): Statement {
    return this.#prepare(sql, false)
  }

  transaction<F extends (...args: never[]) => unknown>(fn: F): Transaction<F> {
    if (typeof fn !== 'function') throw new TypeError('Expected first argument to be a function')
    this.#transactions ??= new TransactionStatements(sql => this.prepare(sql))
    return transaction(this, this.#transactions, fn)
  }

  pragma(source: string, options?: { simple?: boolean | undefined } | null): unknown {
    const given = options ?? {}
    if (typeof source !== 'string') throw new TypeError('Expected first argument to be a string')
    if (typeof given !== 'object') {
      throw new TypeError('Expected second argument to be an options object')
    }
    const simple = switchOption(given, 'simple')
    this.#state.requireQuiet()
    const statement = this.#prepare(`PRAGMA ${source}`, true)
    return simple ? statement.pluck().get() : statement.all()
  }

  explain(source: string): unknown[] {
    if (typeof source !== 'string') throw new TypeError('Expected first argument to be a string')
    return Statement.explained(this.prepare(`EXPLAIN ${source}`))
  }

  exec(source: string): this {
    if (typeof source !== 'string') throw new TypeError('Expected first argument to be a string')
    const state = this.#state
    state.requireQuiet()
    state.run(() => state.connection.exec(source, state.log))
    return this
  }

  async backup(filename: string, options?: BackupOptions | null): Promise<BackupMetadata> {
    return await backup(this.#state, filename, options)
  }

  serialize(options?: { attached?: string | undefined } | null): Buffer {
    const given = options ?? {}
    if (typeof given !== 'object') {
      throw new TypeError('Expected first argument to be an options object')
    }
    const attached = 'attached' in given ? given.attached : 'main'
    if (typeof attached !== 'string') {
      throw new TypeError('Expected the "attached" option to be a string')
    }
    if (attached === '') throw new TypeError('The "attached" option cannot be an empty string')
    this.#state.requireNoIterator()
    return this.#state.run(() => asBuffer(this.#state.connection.serialize(attached)))
  }

  function(name: string, options: unknown, fn?: unknown): this {
    defineFunction(this.#state, name, options, fn)
    return this
  }

  aggregate(name: string, options: AggregateOptions): this {
    defineAggregate(this.#state, name, options)
    return this
  }

  table(name: string, factory: object): this {
    defineTable(this.#state, name, factory)
    return this
  }

  /** SQLite in WebAssembly cannot load native code. The functions of sqlite-vec are built in, so its call is ignored. */
  loadExtension(path: string, entryPoint?: string): this {
    if (typeof path !== 'string') throw new TypeError('Expected first argument to be a string')
    if (entryPoint !== undefined && typeof entryPoint !== 'string') {
      throw new TypeError('Expected second argument to be a string')
    }
    this.#state.requireNoIterator()
    if (!SQLITE_VEC.test(basename(path))) {
      throw new SqliteError(
        `${path} is a native extension, which SQLite in WebAssembly cannot load: use better-sqlite3 itself`,
        'SQLITE_ERROR',
      )
    }
    if (!toldOfExtension) {
      toldOfExtension = true
      process.emitWarning(
        'the functions of sqlite-vec are built in: loading the extension does nothing, and you can remove the call',
      )
    }
    return this
  }

  close(): this {
    const state = this.#state
    if (!state.connection.open) return this
    state.requireNoIterator()
    state.run(() => state.connection.close())
    return this
  }

  defaultSafeIntegers(...on: [toggle?: boolean]): this {
    this.#state.safeIntegers = switchArgument(on)
    return this
  }

  unsafeMode(...on: [unsafe?: boolean]): this {
    const unsafe = switchArgument(on)
    this.#state.unsafe = unsafe
    if (this.open) this.#state.connection.defensive = !unsafe
    return this
  }

  #prepare(sql: string, isPragma: boolean): Statement {
    if (typeof sql !== 'string') throw new TypeError('Expected first argument to be a string')
    const state = this.#state
    state.requireIdle()
    const prepared = state.run(() => state.connection.prepare(sql))
    return new Statement({ state, database: this, prepared, isPragma })
  }
}
