import { VecError } from '../core/errors.ts'
import { partOf } from '../core/late-code.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Statement } from '../sqlite/statement.ts'
import { insertMany, type InsertRow } from '../sqlite/vtab/insert-many.ts'
import type { RowForm } from './async-types.ts'
import { isCollectionCall, type CollectionCall } from './collections/collection-call.ts'
import { DatasetSearch } from './dataset-search.ts'
import type { LateParts, Ran } from './late-parts.ts'
import type { BoundStatement, DatabaseCall } from './protocol.ts'
import { StatementCache } from './statement-cache.ts'

/** The maximum number of statements that are kept. */
const MOST_STATEMENTS = 128

/** Answers calls on the documents of datasets, on one connection. */
export interface CollectionAnswers {
  answer(call: object): unknown
  /** Forgets what was kept between calls under keys that begin so. */
  forget(beginning: string): void
}

/** Makes what answers calls on documents. It may have to be loaded first. */
export type ServeCollections = (db: Connection) => CollectionAnswers | Promise<CollectionAnswers>

/** Answers the calls of clients on one connection. */
export class DatabaseServer {
  readonly #db: Connection
  readonly #statements: StatementCache
  readonly #late: LateParts | undefined
  readonly #search: DatasetSearch
  readonly #staged = new Map<string, (readonly InsertRow[])[]>()
  readonly #serveCollections: ServeCollections | undefined
  #collections: CollectionAnswers | undefined

  /** `late`: what loads code that only some calls need; undefined: the connection has all of it. */
  constructor(db: Connection, serveCollections?: ServeCollections, late?: LateParts) {
    this.#db = db
    this.#serveCollections = serveCollections
    this.#late = late
    this.#search = new DatasetSearch(db)
    this.#statements = new StatementCache(db, MOST_STATEMENTS)
  }

  /** Returns the result of a call. Aborting the signal ends the call with SQLITE_INTERRUPT. */
  async answer(call: DatabaseCall, signal: AbortSignal | undefined): Promise<unknown> {
    if (call.op === 'import') {
      const { importBytes } = await partOf(import('./late-calls.ts'))
      return importBytes(this.#db, call.bytes)
    }
    if (isCollectionCall(call)) {
      // They keep a state between calls, so none of them may run again.
      await this.#late?.loadAll()
      const answers = await this.#loadCollections()
      return this.#watched(signal, () => answers.answer(call))
    }
    const run = (one: typeof call, ran?: Ran): unknown =>
      this.#watched(signal, () => this.#answer(one, ran))
    try {
      return this.#late === undefined ? run(call) : await this.#late.run(call, run)
    } finally {
      if (call.op === 'insertMany') this.#staged.delete(call.key)
    }
  }

  #watched(signal: AbortSignal | undefined, answer: () => unknown): unknown {
    const task = (): unknown => this.#whole(answer)
    return signal === undefined ? task() : this.#db.interruptible({ signal }, task)
  }

  close(): void {
    this.#db.close()
  }

  #answer(call: Exclude<DatabaseCall, CollectionCall | { op: 'import' }>, ran?: Ran): unknown {
    switch (call.op) {
      case 'all':
      case 'get': {
        const rows = shaped(this.#statements.get(call.sql), call.form)
        return call.op === 'all' ? rows.all(call.parameters) : rows.get(call.parameters)
      }
      case 'run':
        return this.#statements.get(call.sql).run(call.parameters)
      case 'exec':
        this.#db.exec(call.sql, undefined, ran)
        return undefined
      case 'batch':
        return this.#batch(call.sql, call.parameters)
      case 'transaction':
        return this.#db
          .transaction(() => call.statements.map(each => this.#result(each)))
          .immediate()
      case 'stage':
        this.#staged.set(call.key, [...this.#parts(call.key, call.part), call.rows])
        return undefined
      case 'unstage':
        this.#staged.delete(call.key)
        return undefined
      case 'insertMany': {
        const chunks = this.#parts(call.key, call.parts)
        return insertMany(this.#db, call.table, call.columns, rowsOf(chunks), call.options)
      }
      case 'search':
        return this.#search.search(call)
      case 'export':
        return this.#db.serialize()
    }
  }

  /** The rows that were staged, which must be all that were sent: another tab may have taken over meanwhile. */
  #parts(key: string, count: number): readonly (readonly InsertRow[])[] {
    const parts = this.#staged.get(key) ?? []
    if (parts.length === count) return parts
    this.#staged.delete(key)
    throw new VecError(
      'VEC_LEADER',
      'insertMany(): the tab that had the database open went away while rows were sent to it',
      { hint: 'nothing was inserted: call insertMany() again' },
    )
  }

  async #loadCollections(): Promise<CollectionAnswers> {
    if (this.#serveCollections === undefined) {
      const { withoutCollections } = await partOf(import('./late-calls.ts'))
      throw withoutCollections()
    }
    this.#collections ??= await this.#serveCollections(this.#db)
    return this.#collections
  }

  /** Frees what was kept between calls under keys that begin so. */
  unstage(beginning: string): void {
    this.#collections?.forget(beginning)
    for (const key of this.#staged.keys()) if (key.startsWith(beginning)) this.#staged.delete(key)
  }

  /** One statement with many sets of parameters, all or none. */
  #batch(sql: string, parameters: readonly BoundStatement['parameters'][]): { changes: number } {
    const statement = this.#statements.get(sql)
    const runAll = (): number =>
      parameters.reduce((changes, each) => changes + statement.run(each).changes, 0)
    return { changes: this.#db.transaction(runAll).immediate() }
  }

  #result({ sql, parameters }: BoundStatement): unknown {
    const statement = this.#statements.get(sql)
    if (statement.reader) return shaped(statement, 'objects').all(parameters)
    return statement.run(parameters)
  }

  /** Rolls back a transaction that stayed open: the calls of others would become a part of it. */
  #whole<R>(task: () => R): R {
    try {
      const result = task()
      if (!this.#db.inTransaction) return result
    } finally {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
    }
    throw new VecError('SQLITE_MISUSE', 'the call left a transaction open, which was rolled back', {
      hint: 'pass all statements of a transaction at once: transaction([...]), or one exec() from BEGIN to COMMIT',
    })
  }
}

function shaped(statement: Statement, form: RowForm): Statement {
  // all() and get() refuse it by their own name.
  if (!statement.reader) return statement
  if (form === 'values') return statement.pluck()
  return statement.raw(form === 'arrays')
}

function* rowsOf(chunks: readonly (readonly InsertRow[])[]): Generator<InsertRow> {
  for (const chunk of chunks) yield* chunk
}
