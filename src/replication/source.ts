import { VecError } from '../core/errors.ts'
import {
  garbled,
  integerIn,
  kindOf,
  numberIn,
  oneOf,
  optionalTextIn,
  textIn,
  valueIn,
} from './answer.ts'
import {
  documentFromRow,
  idForMessage,
  idFromRow,
  Rejection,
  type SyncDocument,
} from './document.ts'
import { isRetryable, isSameFailure, messageOf } from './failure.ts'
import { haltCode } from './halt.ts'
import type { EntryHead } from './log-entry.ts'
import { checkTableName, syncNames, type SyncNames } from './sync-names.ts'
import type { ReadingSql, SyncSql } from './sync-sql.ts'
import type { SyncState } from './sync-state.ts'
import type { UpstreamRow, UpstreamSession, UpstreamValue } from './upstream-session.ts'
import type { Upstream } from './upstream.ts'

/** The state of an upstream and one of its datasets at one moment. */
export interface Head {
  readonly upstreamId: string
  readonly protocol: number
  readonly nowUs: bigint
  /** Undefined when the dataset does not exist. */
  readonly epoch: string | undefined
  readonly deleted: boolean
  readonly lastScn: bigint
  readonly prunedScn: bigint
}

export interface Heads {
  readonly upstreamId: string
  readonly protocol: number
  readonly nowUs: bigint
  readonly datasets: ReadonlyMap<string, Head>
}

/** A log that is not ours: its numbers have gaps, and the upstream does not know its replicas. */
export interface SparseLog {
  readonly reading: ReadingSql
  /** Halts a dataset when an entry appeared below its checkpoint, which gaps cannot show. */
  audit(snapshot: Snapshot, state: SyncState): Promise<void>
}

export interface SourceOptions {
  readonly prefix?: string | undefined
  readonly sparse?: SparseLog
}

/** Reads one shadow table's log from an upstream. */
export class Source {
  readonly upstream: Upstream
  readonly shadowTable: string
  readonly names: SyncNames
  readonly sql: SyncSql
  readonly sparse: SparseLog | undefined
  /** Incremented with each connection of `use`. */
  generation = 0
  #session: UpstreamSession | undefined

  constructor(upstream: Upstream, shadowTable: string, options: SourceOptions = {}) {
    this.upstream = upstream
    this.shadowTable = checkTableName(shadowTable)
    this.names = syncNames(options.prefix)
    this.sparse = options.sparse
    const sql = upstream.sql(shadowTable, this.names)
    this.sql = { ...sql, reading: options.sparse?.reading ?? sql.reading }
  }

  get connected(): boolean {
    return this.#session !== undefined
  }

  /** A new connection prepared for this protocol, separate from the source's own. */
  async connect(): Promise<UpstreamSession> {
    const session = await this.upstream.connect()
    try {
      for (const statement of this.sql.session) await session.run(statement)
      for (const statement of this.sql.sessionIfKnown) {
        await session.run(statement).catch((error: unknown) => {
          if (isRetryable(error)) throw error
        })
      }
    } catch (error) {
      session.destroy()
      throw error
    }
    return session
  }

  /**
   * Runs `work` on the source's own connection, which is opened on first use. After a failure, the next use opens a
   * new one.
   */
  async use<T>(work: (session: UpstreamSession) => Promise<T>): Promise<T> {
    const session = this.#session ?? (await this.#renew())
    try {
      return await work(session)
    } catch (error) {
      this.forget(session)
      throw error
    }
  }

  async #renew(): Promise<UpstreamSession> {
    const session = await this.connect()
    this.#session = session
    this.generation++
    return session
  }

  /** One consistent read-only view of the upstream. */
  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.use(session => this.snapshotOn(session, work))
  }

  async snapshotOn<T>(
    session: UpstreamSession,
    work: (snapshot: Snapshot) => Promise<T>,
  ): Promise<T> {
    for (const statement of this.sql.reading.begin) await session.run(statement)
    let result: T
    try {
      result = await work(new Snapshot(this, session))
    } catch (error) {
      await session.run(this.sql.reading.end).catch(() => session.destroy())
      throw error
    }
    await session.run(this.sql.reading.end)
    return result
  }

  /** The one query of an idle interval. */
  heads(): Promise<Heads> {
    return this.use(async session => {
      const rows = await session.rows(this.sql.reading.heads)
      if (rows.length === 0) throw noIdentity(this)
      const first = headFromRow(rows[0])
      const datasets = new Map<string, Head>()
      for (const row of rows) {
        const datasetId = optionalTextIn(row, 'dataset_id')
        if (datasetId !== undefined) datasets.set(datasetId, headFromRow(row))
      }
      const { upstreamId, protocol, nowUs } = first
      return { upstreamId, protocol, nowUs, datasets }
    })
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.close()
  }

  forget(session: UpstreamSession | undefined = this.#session): void {
    if (session === undefined) return
    if (this.#session === session) this.#session = undefined
    session.destroy()
  }
}

/**
 * Repeats on a second connection what led to a halt. A garbled answer can look like a reason to halt, and a halt is
 * stored, so it is believed only if both connections show it.
 */
export async function lookAgain<T>(
  source: Source,
  halt: unknown,
  work: (heads: Heads) => Promise<T>,
): Promise<T> {
  source.forget()
  try {
    return await work(await source.heads())
  } catch (error) {
    if (haltCode(error) === undefined || isSameFailure(halt, error)) throw error
    throw garbled(`${messageOf(halt)}; and on the next connection: ${messageOf(error)}`)
  }
}

/** All reads through one snapshot see the same moment. */
export class Snapshot {
  readonly #source: Source
  readonly #session: UpstreamSession

  constructor(source: Source, session: UpstreamSession) {
    this.#source = source
    this.#session = session
  }

  get session(): UpstreamSession {
    return this.#session
  }

  async head(datasetId: string): Promise<Head> {
    const [row] = await this.#rows(this.#source.sql.reading.head, [datasetId])
    if (row === undefined) throw noIdentity(this.#source)
    return headFromRow(row)
  }

  async sizes(datasetId: string, from: bigint, limit: number): Promise<EntryHead[]> {
    const rows = await this.#rows(this.#source.sql.reading.sizes(limit), [datasetId, from])
    return rows.map(entryFromRow)
  }

  async payloads(
    datasetId: string,
    from: bigint,
    to: bigint,
  ): Promise<Map<bigint, Uint8Array | string>> {
    const rows = await this.#rows(this.#source.sql.reading.payloads, [datasetId, from, to])
    return new Map(rows.map(row => [integerIn(row, 'scn'), payloadIn(row)]))
  }

  /** Rows by id, each as its driver returned it: a row that cannot be decoded does not affect the others. */
  async documents(datasetId: string, ids: readonly string[]): Promise<Map<string, UpstreamRow>> {
    const found = new Map<string, UpstreamRow>()
    const askable =
      this.#source.upstream.refusesNul === true ? ids.filter(id => !id.includes('\0')) : ids
    for (let at = 0; at < askable.length; at += 100) {
      const some = askable.slice(at, at + 100)
      const sql = this.#source.sql.reading.documents(some.length)
      for (const row of await this.#rows(sql, [datasetId, ...some])) found.set(idFromRow(row), row)
    }
    return found
  }

  /**
   * The next rows in order of ids, as many as fit. `cursor` null begins at the first. A cursor of bytes is exact even
   * for an id that is not UTF-8.
   */
  async page(
    datasetId: string,
    cursor: string | Uint8Array | null,
    limit: number,
    byteBudget: number,
  ): Promise<{ rows: UpstreamRow[]; last: boolean }> {
    const { reading } = this.#source.sql
    const sizes = await this.#rows(reading.pageSizes(limit, cursor === null), [
      datasetId,
      cursor ?? '',
    ])
    let take = 0
    for (let bytes = 0; take < sizes.length; take++) {
      bytes += numberIn(sizes[take], 'size')
      if (take > 0 && bytes > byteBudget) break
    }
    if (take === 0) return { rows: [], last: true }
    const ends = [storedId(sizes[0]), storedId(sizes[take - 1])]
    const rows = await this.#rows(reading.page, [datasetId, ...ends])
    if (rows.length !== take) throw garbled(`a page of ${take} rows contains ${rows.length}`)
    return { rows, last: take === sizes.length && sizes.length < limit }
  }

  /** Rows whose key only looks like a key of this dataset. No log entry can name them. */
  async strays(datasetId: string): Promise<{ readonly id: string; readonly flaw: string }[]> {
    const sql = this.#source.sql.reading.strays
    if (sql === undefined) return []
    const rows = await this.#rows(sql, [datasetId, datasetId])
    return rows.map(row => ({ id: idForMessage(row), flaw: textIn(row, 'flaw') }))
  }

  async countEntries(datasetId: string, from: bigint, to: bigint): Promise<number> {
    const rows = await this.#rows(this.#source.sql.reading.countEntries, [datasetId, from, to])
    return numberIn(oneOf(rows), 'n')
  }

  /** Sums per bucket; undefined if the database cannot compute them. */
  async checksums(datasetId: string, deadline: number): Promise<UpstreamRow[] | undefined> {
    const sql = this.#source.sql.reading.checksums
    return sql === undefined ? undefined : this.#rows(sql, [datasetId], deadline)
  }

  get hasBuckets(): boolean {
    return this.#source.sql.reading.bucket !== undefined
  }

  async bucket(datasetId: string, bucket: string, deadline: number): Promise<UpstreamRow[]> {
    return this.#rows(this.#source.sql.reading.bucket!, [datasetId, bucket], deadline)
  }

  #rows(
    sql: string,
    parameters: readonly UpstreamValue[],
    deadline?: number,
  ): Promise<UpstreamRow[]> {
    return this.#session.rows(sql, parameters, deadline)
  }
}

/** Decodes a row, or throws Rejection with the reason. */
export function decodeRow(row: UpstreamRow): SyncDocument {
  return documentFromRow(row)
}

function headFromRow(row: UpstreamRow): Head {
  return {
    upstreamId: textIn(row, 'upstream_id'),
    protocol: numberIn(row, 'protocol'),
    nowUs: integerIn(row, 'now_us'),
    epoch: optionalTextIn(row, 'epoch'),
    deleted: textIn(row, 'deleted') === '1' && optionalTextIn(row, 'dataset_id') !== undefined,
    lastScn: integerIn(row, 'last_scn'),
    prunedScn: integerIn(row, 'pruned_scn'),
  }
}

function entryFromRow(row: UpstreamRow): EntryHead {
  const flaw = flawOf(row)
  return {
    scn: integerIn(row, 'scn'),
    op: textIn(row, 'op'),
    documentId: idForMessage(row, 'document_id'),
    size: numberIn(row, 'size'),
    createdUs: integerIn(row, 'created_us'),
    ...(flaw === undefined ? {} : { flaw }),
  }
}

/** The flaw of a key that the log cannot name, in databases that permit one. */
function flawOf(row: UpstreamRow): string | undefined {
  const { id_type: stored = 'text' } = row
  if (stored !== 'text') return `its document_id is stored as ${String(stored).toUpperCase()}`
  try {
    idFromRow(row, 'document_id')
    return undefined
  } catch (error) {
    if (error instanceof Rejection) return error.message
    throw error
  }
}

/** The stored id, in the form in which it can be sent back. */
export function storedId(row: UpstreamRow): string | Uint8Array {
  const id = valueIn(row, 'id')
  return id instanceof Uint8Array ? id : textIn(row, 'id')
}

function payloadIn(row: UpstreamRow): Uint8Array | string {
  const payload = valueIn(row, 'payload')
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload
  throw garbled(`column payload: expected text or bytes, got ${kindOf(payload)}`)
}

function noIdentity(source: Source): VecError {
  return new VecError('SCHEMA_DRIFT', `${source.names.upstream} is empty`, {
    hint: 'run installUpstream, or `svec sync init`, against the upstream',
  })
}
