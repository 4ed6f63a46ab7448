import assert from 'node:assert/strict'
import { exactSimilarity, similarityToScore } from '../../src/core/similarity.ts'
import { attach, type Metric, type Vectors } from '../../src/entries/attach.ts'
import { open } from '../../src/entries/main.ts'
import type { Dice } from '../dice.ts'
import type { Peer } from '../soak/peer.ts'
import type { Driver, Handle } from './handles.ts'
import { blobOf, type Row, type TableKind } from './table-kind.ts'

/** A world is small, so that a step costs little, or so large that its index is saved in the file. */
export interface Size {
  readonly rows: number
  readonly dim: number
}

interface Rows {
  prepare(sql: string): { all(...values: unknown[]): unknown[] }
}

const TENANTS = 2
const LANGS = ['en', 'de', 'fr']
const METRICS: readonly Metric[] = ['cosine', 'cosine', 'euclidean', 'dot', 'manhattan']
/** What SQLite may refuse in the middle of random steps. */
const REFUSED =
  /busy|locked|no such savepoint|cannot (?:VACUUM|commit|rollback|start)|within a transaction/i

/** A handle of the application with search over it. */
class Application {
  readonly handle: Handle
  vectors: Vectors

  constructor(handle: Handle, vectors: Vectors) {
    this.handle = handle
    this.vectors = vectors
  }
}

/** A file in WAL mode, two handles of one driver on it, and other programs that write it. */
export class FreshnessWorld {
  readonly log: string[] = []
  readonly #dice: Dice
  readonly #driver: Driver
  readonly #kind: TableKind
  readonly #size: Size
  readonly #path: string
  readonly #peers: readonly Peer[]
  readonly #metric: Metric
  readonly #all: Application[] = []

  private constructor(
    dice: Dice,
    driver: Driver,
    kind: TableKind,
    size: Size,
    path: string,
    peers: readonly Peer[],
  ) {
    this.#dice = dice
    this.#driver = driver
    this.#kind = kind
    this.#size = size
    this.#path = path
    this.#peers = peers
    this.#metric = dice.pick(METRICS)
  }

  static async make(
    dice: Dice,
    driver: Driver,
    kind: TableKind,
    size: Size,
    path: string,
    peers: readonly Peer[],
  ): Promise<FreshnessWorld> {
    const world = new FreshnessWorld(dice, driver, kind, size, path, peers)
    if (kind.vec !== undefined) {
      const db = await open(path)
      db.exec(kind.vec.replace('{metric}', world.#metric))
      db.close()
    }
    const first = world.#connect()
    if (kind.create !== undefined) first.exec(kind.create)
    first.exec('BEGIN')
    for (let n = 0; n < size.rows; n++) first.exec(world.#insert(world.#row(n)))
    first.exec('COMMIT')
    for (const handle of [first, world.#connect()]) {
      world.#all.push(new Application(handle, world.#attach(handle)))
    }
    for (const peer of peers) await peer.ask('open', path)
    return world
  }

  #connect(): Handle {
    const handle = this.#driver.connect(this.#path)
    handle.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 0')
    return handle
  }

  #attach(handle: Handle): Vectors {
    const { options, vec } = this.#kind
    return attach(handle, vec === undefined ? { ...options, metric: this.#metric } : options)
  }

  /** One statement or call of somebody, and then a search through each handle. */
  async step(): Promise<void> {
    try {
      await this.#act()
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      if (!REFUSED.test(`${code} ${message}`)) throw error
      this.log.push(`  refused: ${message}`)
    }
    // A change that no search has seen yet must not be missed, or taken for one that was rolled back.
    for (const application of this.#all) if (this.#dice.chance(0.5)) this.#search(application)
  }

  async #act(): Promise<void> {
    const dice = this.#dice
    const at = dice.below(this.#all.length)
    const { handle, vectors } = this.#all[at]
    const sql = (text: string): void => {
      this.#say(at, text)
      handle.exec(text)
    }
    const many = dice.below(100)
    if (many < 40) sql(this.#write())
    else if (many < 48) this.#upsert(at)
    else if (many < 52) this.#delete(at)
    else if (many < 74) sql(this.#transaction(isOpen(handle)))
    else if (many < 80) {
      this.#say(at, 'optimize')
      vectors.optimize()
    } else if (many < 82) {
      sql(`PRAGMA wal_checkpoint(${dice.pick(['PASSIVE', 'TRUNCATE'])})`)
    } else if (many < 84) {
      this.#say(at, 'attach again')
      vectors.close()
      this.#all[at].vectors = this.#attach(handle)
    } else if (many < 85) this.#reopen(at)
    else if (many < 86) sql(this.#schemaChange(handle))
    else if (many < 92) await this.#ofPeer()
    else sql(this.#write())
  }

  #say(who: number | string, what: string): void {
    this.log.push(`${who}: ${what.length > 300 ? `${what.slice(0, 300)}...` : what}`)
  }

  #row(id = this.#dice.below(this.#size.rows * 1.3)): Row {
    const dice = this.#dice
    return {
      tenant: dice.below(TENANTS),
      id,
      embedding: this.#embedding(),
      lang: dice.pick(LANGS),
      year: 2000 + dice.below(5),
    }
  }

  #embedding(): Uint8Array | null {
    const dice = this.#dice
    const kind = dice.below(40)
    if (kind === 0) return null
    if (kind === 1) return Uint8Array.of(1)
    // Rows that tie, and those that no cosine is defined for.
    const value = kind === 2 ? () => 0 : kind < 6 ? () => 0.5 : () => dice.next() - 0.5
    return new Uint8Array(Float32Array.from({ length: this.#size.dim }, value).buffer)
  }

  #insert(row: Row): string {
    const columns = this.#kind.columns(row)
    const names = Object.keys(columns).join(', ')
    return `INSERT OR REPLACE INTO ${this.#kind.table}(${names}) VALUES (${Object.values(columns).join(', ')})`
  }

  #write(): string {
    const { table, idColumn, tenantColumn, embeddingColumn, hidden } = this.#kind
    const dice = this.#dice
    const row = this.#row()
    const columns = this.#kind.columns(row)
    const key = [idColumn, ...(tenantColumn === undefined ? [] : [tenantColumn])]
    const where = key.map(name => `${name} = ${columns[name]}`).join(' AND ')
    const other = this.#kind.columns(this.#row())
    const fields = Object.keys(columns).filter(name => !key.includes(name))
    const field = dice.pick(fields)
    const statements = [
      this.#insert(row),
      this.#insert(row),
      `DELETE FROM ${table} WHERE ${where}`,
      `DELETE FROM ${table} WHERE ${idColumn} = ${columns[idColumn]}`,
      `UPDATE ${table} SET ${embeddingColumn} = ${blobOf(this.#embedding())} WHERE ${where}`,
      `UPDATE ${table} SET ${field} = ${other[field]} WHERE ${where}`,
      `UPDATE OR REPLACE ${table} SET ${idColumn} = ${other[idColumn]} WHERE ${where}`,
    ]
    if (tenantColumn !== undefined) {
      statements.push(
        `UPDATE OR REPLACE ${table} SET ${tenantColumn} = ${other[tenantColumn]} WHERE ${where}`,
      )
    }
    if (hidden !== undefined) {
      statements.push(`UPDATE ${table} SET archived = ${dice.below(2)} WHERE ${where}`)
    }
    return dice.pick(statements)
  }

  #transaction(begun: boolean): string {
    const steps = begun
      ? ['COMMIT', 'COMMIT', 'ROLLBACK', 'SAVEPOINT s', 'SAVEPOINT s', 'ROLLBACK TO s', 'RELEASE s']
      : ['BEGIN', 'BEGIN', 'BEGIN IMMEDIATE', 'SAVEPOINT s']
    return this.#dice.pick(steps)
  }

  #schemaChange(handle: Handle): string {
    const dice = this.#dice
    const { table, embeddingColumn } = this.#kind
    if (!dice.chance(0.25)) {
      return dice.pick([
        'VACUUM',
        `CREATE INDEX IF NOT EXISTS vectors ON ${table}(${embeddingColumn} IS NULL)`,
        'DROP INDEX IF EXISTS vectors',
      ])
    }
    // Search makes it again, and trusts nothing that it knew.
    const triggers = (handle as unknown as Rows)
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'vec%'`)
      .all() as { name: string }[]
    return `DROP TRIGGER "${dice.pick(triggers).name}"`
  }

  #upsert(at: number): void {
    const rows = Array.from({ length: 1 + this.#dice.below(3) }, () => this.#row())
    const dataset = this.#kind.tenantOf(rows[0].tenant)
    const documents = rows.map(row => {
      const document = this.#kind.document(row)
      if (this.#dice.chance(0.2)) return document
      const { embedding } = row
      return Object.assign(document, { embedding: embedding?.length === 1 ? null : embedding })
    })
    this.#say(at, `upsert ${documents.map(({ id }) => id).join(', ')} in ${dataset}`)
    this.#all[at].vectors.upsert(documents, { dataset })
  }

  #delete(at: number): void {
    const { tenant, id } = this.#row()
    const key = this.#kind.idOf(id)
    this.#say(at, `delete ${key} in ${tenant}`)
    this.#all[at].vectors.delete([key], { dataset: this.#kind.tenantOf(tenant) })
  }

  /** Ends what is open, as a crash would: a transaction is rolled back. */
  #reopen(at: number): void {
    this.#say(at, 'reopen')
    const { handle, vectors } = this.#all[at]
    if (this.#dice.chance(0.5)) vectors.close()
    handle.close()
    const again = this.#connect()
    this.#all[at] = new Application(again, this.#attach(again))
  }

  async #ofPeer(): Promise<void> {
    if (this.#peers.length === 0) return
    const number = this.#dice.below(this.#peers.length)
    const peer = this.#peers[number]
    const writes = Array.from({ length: 1 + this.#dice.below(3) }, () => this.#write())
    const sql = this.#dice.chance(0.2)
      ? `BEGIN; ${writes.join('; ')}; ROLLBACK`
      : `BEGIN IMMEDIATE; ${writes.join('; ')}; COMMIT`
    this.#say(`peer ${number}`, sql)
    try {
      await peer.ask('exec', sql)
    } catch (error) {
      // Whatever was begun is taken back, so that it holds no lock.
      await peer.ask('exec', 'ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  #search({ handle, vectors }: Application): void {
    const dice = this.#dice
    const kind = this.#kind
    const tenant = dice.below(TENANTS)
    const dataset = kind.tenantOf(tenant)
    const query = Float32Array.from({ length: this.#size.dim }, () => dice.next() - 0.5)
    const [filter, condition] = dice.chance(0.4) ? dice.pick(kind.filters) : [undefined, '1']
    const minScore = dice.chance(0.1) ? dice.next() : undefined
    const ids = dice.chance(0.1)
      ? Array.from({ length: 4 }, () => kind.idOf(this.#row().id))
      : undefined
    const k = dice.pick([1, 5, 10, this.#size.rows * 2])
    let expected: string[]
    try {
      expected = this.#expected(handle, tenant, query, condition)
        .filter(({ score }) => minScore === undefined || score >= minScore)
        .filter(({ id }) => ids === undefined || ids.some(one => one === id))
        .slice(0, k)
        .map(({ id, score }) => `${id} ${score}`)
    } catch (error) {
      // Another program truncates the WAL.
      if (REFUSED.test((error as Error).message)) return
      throw error
    }
    const hits = vectors.search({ vector: query, k, dataset, filter, minScore, ids })
    const found = hits.map(({ id, score }) => `${id} ${score}`)
    assert.deepEqual(found, expected, `k ${k}, dataset ${dataset}, ${JSON.stringify(filter)}`)
  }

  /** By double arithmetic over the rows as this handle sees them. */
  #expected(
    handle: Handle,
    tenant: number,
    query: Float32Array,
    condition: string,
  ): { id: string | number; score: number }[] {
    const { table, idColumn, embeddingColumn, tenantColumn, hidden } = this.#kind
    const of =
      tenantColumn === undefined
        ? '1'
        : `${tenantColumn} = ${JSON.stringify(this.#kind.tenantOf(tenant)).replaceAll('"', "'")}`
    const rows = (handle as unknown as Rows)
      .prepare(
        `SELECT ${idColumn} AS id, ${embeddingColumn} AS v FROM ${table}
         WHERE ${of} AND length(v) = ${query.length * 4} AND (${condition})
           ${hidden === undefined ? '' : `AND NOT (${hidden})`}`,
      )
      .all() as { id: string | number; v: Uint8Array }[]
    const scored: { id: string | number; key: Buffer; similarity: number }[] = []
    for (const { id, v } of rows) {
      const similarity = exactSimilarity(
        this.#metric,
        query,
        new Float32Array(new Uint8Array(v).buffer),
      )
      if (Number.isNaN(similarity)) continue
      const shown = this.#metric === 'cosine' ? Math.min(1, Math.max(-1, similarity)) : similarity
      scored.push({ id, key: Buffer.from(String(id)), similarity: shown })
    }
    scored.sort((a, b) => b.similarity - a.similarity || Buffer.compare(a.key, b.key))
    return scored.map(({ id, similarity }) => ({
      id,
      score: similarityToScore(this.#metric, similarity),
    }))
  }

  /** At the end the diagnostics find nothing wrong. */
  async end(): Promise<void> {
    for (const { handle } of this.#all) {
      if (isOpen(handle)) handle.exec('ROLLBACK')
    }
    for (const application of this.#all) {
      this.#search(application)
      const wrong = application.vectors
        .check()
        // Rows with another number of bytes are there on purpose.
        .filter(({ severity, topic }) => severity === 'error' && topic !== 'length')
      assert.deepEqual(wrong, [])
    }
    await this.close()
  }

  async close(): Promise<void> {
    for (const { handle, vectors } of this.#all) {
      vectors.close()
      handle.close()
    }
    for (const peer of this.#peers) await peer.ask('close')
  }
}

/** node:sqlite calls it otherwise. */
function isOpen(handle: Handle): boolean {
  const { inTransaction, isTransaction } = handle as {
    inTransaction?: boolean
    isTransaction?: boolean
  }
  return inTransaction ?? isTransaction ?? false
}
