import { VecError } from '../errors.ts'
import { checkTableName, syncNames, type SyncNames } from '../schema/sync-names.ts'
import type { SyncSql } from '../schema/sync-sql.ts'
import { documentFromRow, type SyncDocument } from './document.ts'
import { isRetryable } from './failure.ts'
import type { EntryHead } from './log-entry.ts'
import type { Upstream, UpstreamRow, UpstreamSession, UpstreamValue } from './upstream.ts'

/** What an upstream says of itself and one dataset at one moment. */
export interface Head {
  readonly upstreamId: string
  readonly protocol: number
  readonly nowUs: bigint
  /** undefined: there is no such dataset. */
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

export interface SourceOptions {
  readonly prefix?: string
  /** Statements that read another log than ours: see `legacySource`. */
  readonly reading?: (sql: SyncSql) => SyncSql
}

/** Reads one shadow table's log from an upstream. */
export class Source {
  readonly upstream: Upstream
  readonly shadowTable: string
  readonly names: SyncNames
  readonly sql: SyncSql
  /** Set by `legacySource`: the log has holes, and no identity. */
  readonly sparse: boolean
  /** Rises with each connection of `use`. */
  generation = 0
  #session: UpstreamSession | undefined

  constructor(
    upstream: Upstream,
    shadowTable: string,
    options: SourceOptions & { sparse?: boolean } = {},
  ) {
    this.upstream = upstream
    this.shadowTable = checkTableName(shadowTable)
    this.names = syncNames(options.prefix)
    const sql = upstream.sql(shadowTable, this.names)
    this.sql = options.reading === undefined ? sql : options.reading(sql)
    this.sparse = options.sparse ?? false
  }

  get connected(): boolean {
    return this.#session !== undefined
  }

  /** A connection prepared for this protocol, apart from the source's own. */
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

  /** The source's own connection, made on first use. After any failure of it the next use makes a new one. */
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
        if (typeof row['dataset_id'] === 'string') datasets.set(row['dataset_id'], headFromRow(row))
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

/** Everything read through one snapshot is of one moment. */
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
    return rows.map(row => ({
      scn: BigInt(row['scn'] as string),
      op: String(row['op']),
      documentId: String(row['document_id']),
      size: Number(row['size']),
      createdUs: BigInt(row['created_us'] as string),
    }))
  }

  async payloads(
    datasetId: string,
    from: bigint,
    to: bigint,
  ): Promise<Map<bigint, Uint8Array | string>> {
    const rows = await this.#rows(this.#source.sql.reading.payloads, [datasetId, from, to])
    return new Map(
      rows.map(row => [BigInt(row['scn'] as string), row['payload'] as Uint8Array | string]),
    )
  }

  /** Rows by id, each as its driver gave it: decoding one may fail without harm to the others. */
  async documents(datasetId: string, ids: readonly string[]): Promise<Map<string, UpstreamRow>> {
    const found = new Map<string, UpstreamRow>()
    for (let at = 0; at < ids.length; at += 100) {
      const some = ids.slice(at, at + 100)
      const sql = this.#source.sql.reading.documents(some.length)
      for (const row of await this.#rows(sql, [datasetId, ...some]))
        found.set(String(row['id']), row)
    }
    return found
  }

  /** The next rows in order of ids, as many as fit; `cursor` null begins at the first. */
  async page(
    datasetId: string,
    cursor: string | null,
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
      bytes += Number(sizes[take]['size'])
      if (take > 0 && bytes > byteBudget) break
    }
    if (take === 0) return { rows: [], last: true }
    const ends = [sizes[0]['id'], sizes[take - 1]['id']] as string[]
    const rows = await this.#rows(reading.page, [datasetId, ...ends])
    return { rows, last: take === sizes.length && sizes.length < limit }
  }

  async countEntries(datasetId: string, from: bigint, to: bigint): Promise<number> {
    const [row] = await this.#rows(this.#source.sql.reading.countEntries, [datasetId, from, to])
    return Number(row['n'])
  }

  /** Sums per bucket where the database can make them; undefined where it cannot. */
  async checksums(datasetId: string, deadline: number): Promise<UpstreamRow[] | undefined> {
    const sql = this.#source.sql.reading.checksums
    return sql === undefined ? undefined : this.#session.rows(sql, [datasetId], deadline)
  }

  get hasBuckets(): boolean {
    return this.#source.sql.reading.bucket !== undefined
  }

  async bucket(datasetId: string, bucket: string, deadline: number): Promise<UpstreamRow[]> {
    return this.#session.rows(this.#source.sql.reading.bucket!, [datasetId, bucket], deadline)
  }

  #rows(sql: string, parameters: readonly UpstreamValue[]): Promise<UpstreamRow[]> {
    return this.#session.rows(sql, parameters)
  }
}

/** Decodes a row, or says why not. */
export function decodeRow(row: UpstreamRow): SyncDocument {
  return documentFromRow(row)
}

function headFromRow(row: UpstreamRow): Head {
  return {
    upstreamId: String(row['upstream_id']),
    protocol: Number(row['protocol']),
    nowUs: BigInt(row['now_us'] as string),
    epoch: typeof row['epoch'] === 'string' ? row['epoch'] : undefined,
    deleted: row['deleted'] === '1' && row['dataset_id'] !== null,
    lastScn: BigInt(row['last_scn'] as string),
    prunedScn: BigInt(row['pruned_scn'] as string),
  }
}

function noIdentity(source: Source): VecError {
  return new VecError('SCHEMA_DRIFT', `${source.names.upstream} has no row`, {
    hint: 'run installUpstream, or `svec sync init`, against the upstream',
  })
}
