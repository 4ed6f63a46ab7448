import { VecError } from '../core/errors.ts'
import {
  inTransaction,
  type SqliteConnection,
  type SqliteStatement,
} from '../database/sqlite-connection.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { SHADOW_COLUMNS } from '../search/schema/table-schema.ts'
import type { SyncDocument } from './document.ts'
import type { HaltCode } from './halt.ts'
import type { Lease } from './lease.ts'
import type { EntryHead } from './log-entry.ts'
import { STATE_COLUMNS } from './replica-schema.ts'
import { deleteStrays, OF_DATASET, storedRows, strayRows } from './stored-rows.ts'
import { doubleQuoted as q, type SyncNames } from './sync-names.ts'
import { newState, type Phase, type SyncState } from './sync-state.ts'

/** A row of the replica as verification reads it: the stored bytes, and the flaw in their form, if any. */
export interface StoredRow {
  readonly id: Uint8Array
  readonly content: Uint8Array | null
  readonly meta: Uint8Array | null
  readonly embedding: Uint8Array | null
  readonly embedding_model: Uint8Array | null
  readonly archived: string | null
  readonly flaw: string | null
}

/** A row whose key only looks like a key of the dataset. */
export interface StrayRow {
  readonly id: Uint8Array | null
  readonly flaw: string
}

/** The replica's rows and checkpoints. Every write goes through `advance`, together with the checkpoint it leads to. */
export class Replica {
  readonly connection: SqliteConnection
  readonly #name: string
  readonly #table: string
  readonly #names: SyncNames
  readonly #shadowTable: string
  readonly #forced: string
  readonly #guarded: string
  readonly #statements = new Map<string, SqliteStatement>()

  constructor(connection: SqliteConnection, table: string, shadowTable: string, names: SyncNames) {
    this.connection = connection
    this.#name = table
    this.#table = q(table)
    this.#shadowTable = shadowTable
    this.#names = names
    const columns = SHADOW_COLUMNS.map(({ stored }) => stored)
    const changed = columns.filter(name => name !== COLUMN.dataset && name !== COLUMN.id)
    this.#forced = `INSERT INTO ${this.#table} (${columns.join(', ')})
VALUES (${columns.map(() => '?').join(', ')})
ON CONFLICT (${COLUMN.dataset}, ${COLUMN.id}) DO UPDATE SET
  ${changed.map(name => `${name} = excluded.${name}`).join(', ')}`
    this.#guarded = `${this.#forced} WHERE excluded.${COLUMN.scn} > ${this.#table}.${COLUMN.scn}`
  }

  states(): SyncState[] {
    const rows = this.#prepare(`${this.#selectState()} ORDER BY dataset_id`).all(this.#shadowTable)
    return (rows as StateRow[]).map(stateFromRow)
  }

  state(datasetId: string): SyncState {
    const row = this.#prepare(`${this.#selectState()} AND dataset_id = ?`).get(
      this.#shadowTable,
      datasetId,
    )
    return row === undefined
      ? newState(datasetId, this.#shadowTable)
      : stateFromRow(row as StateRow)
  }

  /**
   * In one transaction: proves that the checkpoint has not moved since `from` was read, runs `work`, and writes the
   * state that it returns. Rows and checkpoint become visible together or not at all.
   */
  advance(from: SyncState, lease: Lease | undefined, work: () => SyncState): SyncState {
    return inTransaction(this.connection, 'BEGIN IMMEDIATE', () => {
      lease?.assertHeld()
      const now = this.state(from.datasetId)
      if (
        now.lastScn !== from.lastScn ||
        now.phase !== from.phase ||
        now.bootCursor !== from.bootCursor ||
        now.bootScn !== from.bootScn ||
        now.epoch !== from.epoch
      ) {
        throw new VecError(
          'FENCED',
          `dataset ${JSON.stringify(from.datasetId)}: the checkpoint moved from ${from.lastScn} to ${now.lastScn} behind this replicator`,
          { hint: 'two replicators write to the same replica: stop one of them' },
        )
      }
      const next = { ...work(), updatedUs: BigInt(Date.now()) * 1000n }
      this.#writeState(next)
      return next
    })
  }

  /** Guarded: a row that already carries this number or a later one stays. */
  upsert(datasetId: string, scn: bigint, document: SyncDocument): void {
    this.#write(this.#guarded, datasetId, scn, document)
  }

  /** For repair: replaces the row whatever number it carries. */
  overwrite(datasetId: string, scn: bigint, document: SyncDocument): void {
    this.#write(this.#forced, datasetId, scn, document)
  }

  #write(sql: string, datasetId: string, scn: bigint, document: SyncDocument): void {
    const { id, content, meta, embedding, embeddingModel } = document
    // A driver binds a number as REAL, and a column without a type would keep it.
    const archived = BigInt(document.archived)
    this.#prepare(sql).run(datasetId, id, content, meta, embedding, embeddingModel, scn, archived)
  }

  delete(datasetId: string, scn: bigint, id: string): void {
    this.#delete(`${ONE} AND scn < ?`, datasetId, id, scn)
  }

  /** For repair: removes the row whatever number it carries. Returns the number of removed rows. */
  remove(datasetId: string, id: string): number {
    return this.#delete(ONE, datasetId, id)
  }

  deleteAll(datasetId: string): number {
    return this.#delete(OF_DATASET, datasetId)
  }

  #delete(where: string, ...values: (string | bigint)[]): number {
    const { changes } = this.#prepare(`DELETE FROM ${this.#table} WHERE ${where}`).run(...values)
    return Number(changes)
  }

  /**
   * Called before a bootstrap. The rows stay searchable; at the end of the bootstrap, the rows it did not meet are
   * swept.
   */
  markStale(datasetId: string): void {
    this.#prepare(`UPDATE ${this.#table} SET ${COLUMN.scn} = -1 WHERE ${OF_DATASET}`).run(datasetId)
  }

  /** Strays are not swept: they do not belong to this dataset. */
  sweepStale(datasetId: string): void {
    this.#delete(`${OF_DATASET} AND ${COLUMN.scn} = -1`, datasetId)
    this.removeStrays(datasetId)
  }

  /** Stores an entry or a row that cannot be applied, with the reason. */
  deadLetter(
    datasetId: string,
    { scn, op, documentId }: Pick<EntryHead, 'scn' | 'op' | 'documentId'>,
    payload: Uint8Array | string | null,
    reason: string,
  ): void {
    const now = BigInt(Date.now()) * 1000n
    this.#prepare(`INSERT OR REPLACE INTO ${q(this.#names.dead)}
(dataset_id, shadow_table, scn, op, document_id, payload, reason, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`).run(
      datasetId,
      this.#shadowTable,
      scn,
      op,
      documentId,
      payload,
      reason,
      now,
    )
  }

  /** The rows in order of ids, so that a scan reads the file forward. `scn` is the last change that a row may carry. */
  rows(datasetId: string, scn: bigint): Iterable<StoredRow> {
    const statement = this.connection.prepare(storedRows(this.#name))
    return statement.iterate(scn, datasetId) as Iterable<StoredRow>
  }

  strays(datasetId: string): StrayRow[] {
    return this.connection.prepare(strayRows(this.#name)).all(datasetId, datasetId) as StrayRow[]
  }

  removeStrays(datasetId: string): number {
    const { changes } = this.#prepare(deleteStrays(this.#name)).run(datasetId, datasetId)
    return Number(changes)
  }

  /** For an id that cannot be written as text. */
  removeBytes(datasetId: string, id: Uint8Array): number {
    const { changes } = this.#prepare(
      `DELETE FROM ${this.#table} WHERE ${OF_DATASET} AND ${COLUMN.id} COLLATE BINARY = CAST(? AS TEXT)`,
    ).run(datasetId, id)
    return Number(changes)
  }

  /** All datasets with rows, known or not, by the bytes of their names: a name may not be text. */
  datasets(): { readonly stored: Uint8Array; readonly rows: number }[] {
    const rows = this.connection
      .prepare(
        `SELECT coalesce(CAST(${COLUMN.dataset} AS BLOB), x'') AS stored, count(*) AS n FROM ${this.#table} GROUP BY 1`,
      )
      .all() as { stored: Uint8Array; n: number | bigint }[]
    return rows.map(({ stored, n }) => ({ stored, rows: Number(n) }))
  }

  /** The number of rows of a dataset, strays included. */
  countAll(datasetId: string): number {
    const row = this.#prepare(
      `SELECT count(*) AS n FROM ${this.#table} WHERE coalesce(CAST(${COLUMN.dataset} AS TEXT), '') = ? COLLATE BINARY`,
    ).get(datasetId) as { n: number | bigint }
    return Number(row.n)
  }

  removeDataset(stored: Uint8Array): number {
    const { changes } = this.#prepare(
      `DELETE FROM ${this.#table} WHERE coalesce(CAST(${COLUMN.dataset} AS BLOB), x'') = ?`,
    ).run(stored)
    return Number(changes)
  }

  #selectState(): string {
    const columns = [...STATE_COLUMNS.keys()].filter(column => !INTEGERS.includes(column))
    const integers = INTEGERS.map(column => `CAST(${column} AS TEXT) AS ${column}`)
    return `SELECT dataset_id, shadow_table, ${[...integers, ...columns].join(', ')}
FROM ${q(this.#names.state)} WHERE shadow_table = ?`
  }

  #writeState(state: SyncState): void {
    const columns = ['dataset_id', 'shadow_table', 'last_scn', ...STATE_COLUMNS.keys()]
    this.#prepare(
      `INSERT OR REPLACE INTO ${q(this.#names.state)} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ).run(
      state.datasetId,
      state.shadowTable,
      state.lastScn,
      state.phase,
      state.readyScn,
      state.bootScn,
      state.bootCursor,
      state.applied,
      state.upstreamId,
      state.epoch,
      state.fingerprint,
      state.dimension,
      state.model,
      state.haltCode,
      state.haltMessage,
      state.updatedUs,
    )
  }

  #prepare(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

const ONE = `${OF_DATASET} AND ${COLUMN.id} = ? COLLATE BINARY`

const INTEGERS = ['last_scn', 'ready_scn', 'boot_scn', 'applied', 'updated_at']

type StateRow = Readonly<Record<string, string | number | bigint | null>>

function stateFromRow(row: StateRow): SyncState {
  const integer = (name: string): bigint => BigInt(row[name] ?? 0)
  const text = (name: string): string | null => (row[name] === null ? null : String(row[name]))
  return {
    datasetId: String(row['dataset_id']),
    shadowTable: String(row['shadow_table']),
    phase: String(row['phase']) as Phase,
    lastScn: integer('last_scn'),
    readyScn: integer('ready_scn'),
    bootScn: integer('boot_scn'),
    bootCursor: text('boot_cursor'),
    applied: integer('applied'),
    upstreamId: text('upstream_id'),
    epoch: text('epoch'),
    fingerprint: text('fingerprint'),
    dimension: row['dimension'] === null ? null : Number(row['dimension']),
    model: text('model'),
    haltCode: text('halt_code') as HaltCode | null,
    haltMessage: text('halt_message'),
    updatedUs: integer('updated_at'),
  }
}
