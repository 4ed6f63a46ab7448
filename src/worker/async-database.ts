import { newForeignCalls } from '#thread'
import { argumentError, requirePlainObject } from '../core/argument-error.ts'
import { checkOptions, flag, oneOf, signal, text, untilAborted } from '../core/check-options.ts'
import { VecError } from '../core/errors.ts'
import { inspectAs } from '../core/inspect.ts'
import type { RunResult } from '../database/statement.ts'
import type { HitPage } from '../documents/collection/hit.ts'
import { sqlText } from '../sqlite/sql-text.ts'
import type { InsertRow } from '../sqlite/vtab/insert-many.ts'
import type {
  AsyncInsertOptions,
  AsyncParameters,
  AsyncQuery,
  AsyncRow,
  AsyncStatement,
  CallOptions,
  RowOptions,
  StatementResult,
} from './async-types.ts'
import type { Outgo } from './call-queue.ts'
import { setCaller } from './callers.ts'
import { chunksOf, type Chunk } from './chunks.ts'
import { Outgoing } from './outgoing.ts'
import { type BoundStatement, type Call } from './protocol.ts'
import { elsewhere } from './wire-error.ts'
import type { WorkerGroup } from './worker-group.ts'

/** Copies of small values share blocks of this size. */
const BLOCK = 1 << 16

const FORMS = ['objects', 'arrays', 'values'] as const
const CALL = { signal, transfer: flag }
const NO_OPTIONS: CallOptions = {}

/**
 * A database in a worker: the SQL of a connection, where each method returns a Promise. The calls of one client are
 * answered one after another, in the order in which they are made. With `threads`, reads run in parallel with each other
 * and with writes. Errors
 * are those of a connection, with their codes, hints and causes. After the worker has died, each call rejects with
 * VEC_WORKER; after `close`, with VEC_CLOSED.
 */
export class AsyncDatabase {
  static {
    inspectAs(AsyncDatabase, db => {
      return `AsyncDatabase { ${JSON.stringify(db.name)}, ${db.open ? 'open' : 'closed'} }`
    })
  }
  /** The path that was passed to `connect`; ':memory:' for bytes. */
  readonly name: string
  readonly #workers: WorkerGroup
  readonly #running = new Set<Promise<unknown>>()
  readonly #foreign = newForeignCalls()
  #closing: Promise<void> | undefined
  #staged = 0

  /** Use `connect`. */
  constructor(name: string, workers: WorkerGroup) {
    this.name = name
    this.#workers = workers
    setCaller(this, {
      whole: async task => this.#whole(task),
      foreign: async task => this.#foreign.run(task),
      call: async (call, out, abort) =>
        traced(async () => this.#workers.call(call, out.transfer, abort)),
      newKey: () => String(++this.#staged),
    })
  }

  /** Whether the database accepts calls. */
  get open(): boolean {
    return this.#closing === undefined && this.#workers.broken === undefined
  }

  /**
   * All rows of one statement.
   *
   *     await db.all('SELECT doc_id FROM docs WHERE dataset_id = ? AND doc_id MATCH ? AND k = 10', ['en', vector])
   */
  async all<R = AsyncRow>(
    sql: string,
    parameters: AsyncParameters = [],
    options: RowOptions = NO_OPTIONS,
  ): Promise<R[]> {
    return this.#rows('all', sql, parameters, options) as Promise<R[]>
  }

  /** The first row of one statement; undefined if there is none. */
  async get<R = AsyncRow>(
    sql: string,
    parameters: AsyncParameters = [],
    options: RowOptions = NO_OPTIONS,
  ): Promise<R | undefined> {
    return this.#rows('get', sql, parameters, options) as Promise<R | undefined>
  }

  /** Runs one statement. */
  async run(
    sql: string,
    parameters: AsyncParameters = [],
    options: CallOptions = NO_OPTIONS,
  ): Promise<RunResult> {
    checkOptions('run()', options, CALL)
    const out = new Outgoing('run()', options.transfer)
    const call = { op: 'run', ...bound('run()', out, sql, parameters) } as const
    return this.#call(call, out, options) as Promise<RunResult>
  }

  /** Runs every statement of `sql`, and discards the rows. */
  async exec(sql: string, options: Pick<CallOptions, 'signal'> = NO_OPTIONS): Promise<void> {
    checkOptions('exec()', options, { signal })
    sqlText(sql, 'exec')
    await this.#call({ op: 'exec', sql }, undefined, options)
  }

  /**
   * Runs one statement for each set of parameters, all or none, in one transaction. Returns the number of changed rows.
   *
   *     await db.batch('UPDATE notes SET seen = ? WHERE id = ?', [[1, 'a'], [1, 'b']])
   */
  async batch(
    sql: string,
    parameters: readonly AsyncParameters[],
    options: CallOptions = NO_OPTIONS,
  ): Promise<{ readonly changes: number }> {
    checkOptions('batch()', options, CALL)
    sqlText(sql, 'batch')
    if (!Array.isArray(parameters))
      throw argumentError('batch()', 'parameters', parameters, 'an array of sets of parameters')
    const out = new Outgoing('batch()', options.transfer, BLOCK)
    const copies = parameters.map((each, i) => checked('batch()', out, `parameters[${i}]`, each))
    const call = { op: 'batch', sql, parameters: copies } as const
    return this.#call(call, out, options) as Promise<{ changes: number }>
  }

  /**
   * Runs statements in one transaction, all or none. Returns an array of rows for each statement that returns rows, and
   * the number of changes for each other one.
   *
   *     await db.transaction([
   *       ['UPDATE account SET amount = amount - ? WHERE id = ?', [10, 'a']],
   *       ['UPDATE account SET amount = amount + ? WHERE id = ?', [10, 'b']],
   *     ])
   */
  async transaction(
    statements: readonly AsyncStatement[],
    options: CallOptions = NO_OPTIONS,
  ): Promise<StatementResult[]> {
    const where = 'transaction()'
    checkOptions(where, options, CALL)
    if (!Array.isArray(statements)) {
      const expected = 'an array of statements: SQL, or [SQL, parameters]'
      throw argumentError(where, 'statements', statements, expected)
    }
    const out = new Outgoing(where, options.transfer)
    const copies = (statements as readonly AsyncStatement[]).map((each, i) => {
      if (typeof each === 'string') return bound(where, out, each, [])
      if (!Array.isArray(each))
        throw argumentError(where, `statements[${i}]`, each, 'SQL, or [SQL, parameters]')
      const [sql, parameters = []] = each as readonly [string, AsyncParameters?]
      return bound(where, out, sql, parameters, `statements[${i}][1]`)
    })
    const call = { op: 'transaction', statements: copies } as const
    return this.#call(call, out, options) as Promise<StatementResult[]>
  }

  /**
   * Inserts rows of any length, all or none, in one transaction. Rows may come from a generator: they are sent to the
   * worker as they come, and inserted once all have arrived. Calls that are made meanwhile wait, unless the generator is
   * asynchronous. An array must not change before the Promise resolves. Returns the number of inserted rows.
   *
   *     await db.insertMany('_vec_docs', ['dataset_id', 'id', 'embedding'], rows)
   */
  async insertMany(
    table: string,
    columns: readonly string[],
    rows: Iterable<InsertRow> | AsyncIterable<InsertRow>,
    options: AsyncInsertOptions = {},
  ): Promise<number> {
    checkOptions('insertMany()', options, { ...CALL, schema: text, conflict: text })
    const { signal: abort, transfer, ...rest } = options
    const out = new Outgoing('insertMany()')
    const name = out.copy('table', table)
    const names = out.copy('columns', columns)
    const chunks = chunksOf(rows, transfer)
    const key = String(++this.#staged)
    let parts = 0
    const stage = ({ rows: part, transfer: buffers }: Chunk): Outgo => ({
      call: { op: 'stage', key, part: parts++, rows: part },
      transfer: buffers,
    })
    function* calls(now: Iterable<Chunk>): Generator<Outgo> {
      for (const chunk of now) yield stage(chunk)
      yield { call: { op: 'insertMany', key, parts, table: name, columns: names, options: rest } }
    }
    /** Between two chunks other calls are made: the source may make some itself, and wait for them. */
    const stageAll = async (source: AsyncIterable<Chunk>): Promise<void> => {
      for await (const chunk of source) await this.#workers.callAll([stage(chunk)], abort)
    }
    return this.#tracked(async () => {
      try {
        let now: Iterable<Chunk> = []
        if (Symbol.iterator in chunks) now = chunks
        else await untilAborted(async () => stageAll(this.#foreign.steps(chunks)), abort)
        return (await this.#workers.callAll(calls(now), abort)) as number
      } catch (error) {
        // Only close() waits for that.
        if (parts > 0)
          this.#whole(async () => this.#workers.call({ op: 'unstage', key })).catch(() => undefined)
        throw error
      }
    })
  }

  /**
   * The documents of a dataset that are nearest to a vector, match words, or both, as in `query()` of a Collection. The
   * caller embeds texts.
   *
   *     const { hits } = await db.search('docs', { dataset: 'en', vector, k: 5, filter: { year: { $gte: 2020 } } })
   */
  async search<M = unknown>(
    table: string,
    query: AsyncQuery<M>,
    options: CallOptions = NO_OPTIONS,
  ): Promise<HitPage<M>> {
    const where = 'search()'
    checkOptions(where, options, CALL)
    text(where, 'table', table)
    requirePlainObject(where, 'query', query, 'an object with dataset, and vector or text')
    const out = new Outgoing(where, options.transfer)
    const { dataset, ...rest } = out.copy('query', query)
    text(where, 'query.dataset', dataset)
    const call = {
      op: 'search',
      table,
      dataset,
      query: rest as Omit<AsyncQuery, 'dataset'>,
    } as const
    return this.#call(call, out, options) as Promise<HitPage<M>>
  }

  /** The bytes of the database, as in its file. `connect(bytes)` and `import(bytes)` accept them. */
  async export(options: Pick<CallOptions, 'signal'> = NO_OPTIONS): Promise<Uint8Array> {
    checkOptions('export()', options, { signal })
    return this.#call({ op: 'export' }, undefined, options) as Promise<Uint8Array>
  }

  /**
   * Replaces the whole content by that of a database with these bytes, in one transaction. Throws SQLITE_NOTADB for
   * other bytes, and then changes nothing.
   */
  async import(bytes: Uint8Array, options: CallOptions = NO_OPTIONS): Promise<void> {
    checkOptions('import()', options, CALL)
    if (!(bytes instanceof Uint8Array))
      throw argumentError(
        'import()',
        'bytes',
        bytes,
        'a Uint8Array, the content of a database file',
      )
    const out = new Outgoing('import()', options.transfer)
    await this.#call({ op: 'import', bytes: out.copy('bytes', bytes) }, out, options)
  }

  /**
   * Ends the calls that are running with SQLITE_INTERRUPT; those that wait are not ended. Throws VEC_ENGINE in browsers,
   * where a call may run in another tab.
   */
  interrupt(): void {
    if (this.#workers.interrupt()) return
    throw new VecError('VEC_ENGINE', 'interrupt() does not work in browsers', {
      hint: 'pass a signal to the call: a read rejects at once',
    })
  }

  /**
   * Waits for the calls made so far, saves the indexes, closes the file and ends the worker. A second call does
   * nothing. Throws SQLITE_MISUSE, and closes nothing, in a function that such a call waits for: an `embed`, or a
   * generator of `insertMany`. A browser cannot tell: there it waits for ever.
   */
  async close(): Promise<void> {
    this.#foreign.refuse(this.name)
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    await this.#workers.close()
  }

  async #rows(
    op: 'all' | 'get',
    sql: string,
    parameters: AsyncParameters,
    options: RowOptions,
  ): Promise<unknown> {
    const where = `${op}()`
    checkOptions(where, options, { ...CALL, rows: oneOf(FORMS) })
    const out = new Outgoing(where, options.transfer)
    const statement = bound(where, out, sql, parameters)
    return this.#call({ op, form: options.rows ?? 'objects', ...statement }, out, options)
  }

  async #call(call: Call, out: Outgoing | undefined, options: CallOptions): Promise<unknown> {
    return this.#tracked(async () => this.#workers.call(call, out?.transfer, options.signal))
  }

  async #tracked<R>(task: () => Promise<R>): Promise<R> {
    return traced(async () => this.#whole(task))
  }

  /** Runs a task that `close` waits for. */
  async #whole<R>(task: () => Promise<R>): Promise<R> {
    if (this.#closing !== undefined) {
      throw new VecError('VEC_CLOSED', `the database ${this.name} is closed`, {
        hint: 'call connect() again',
      })
    }
    const running = task()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }
}

/** Gives errors of the worker the stack of the caller. Errors of the caller's own code keep theirs. */
async function traced<R>(task: () => Promise<R>): Promise<R> {
  const place = new Error('called here')
  try {
    return await task()
  } catch (error) {
    if (error instanceof Error && elsewhere.has(error)) error.stack = stackFrom(place, error)
    throw error
  }
}

/** The stack of a call, with the name and message of its error. */
function stackFrom(place: Error, { name, message }: Error): string {
  const lines = (place.stack ?? '').split('\n')
  const isCalls = lines[0] === 'Error: called here'
  return `${name}: ${message}\n${(isCalls ? lines.slice(1) : lines).join('\n')}`
}

/** Copies of the SQL and the parameters of a call. */
function bound(
  where: string,
  out: Outgoing,
  sql: string,
  parameters: AsyncParameters,
  name = 'parameters',
): BoundStatement {
  sqlText(sql, where.slice(0, -2))
  return { sql, parameters: checked(where, out, name, parameters) }
}

function checked(
  where: string,
  out: Outgoing,
  name: string,
  parameters: AsyncParameters,
): AsyncParameters {
  const isContainer =
    typeof parameters === 'object' && parameters !== null && !ArrayBuffer.isView(parameters)
  if (!isContainer)
    throw argumentError(where, name, parameters, 'an array of values, or an object of named values')
  return out.copy(name, parameters)
}
