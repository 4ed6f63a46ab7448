import { VecError } from '../../core/errors.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { BindValue, SqlValue } from '../../database/values.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { DatasetDimensions } from '../../search/schema/dataset-dimension.ts'
import type { ShadowTable } from '../../search/schema/shadow-table.ts'
import {
  columnDefinition,
  sqlName,
  type StoredColumn,
  type TableSchema,
} from '../../search/schema/table-schema.ts'
import { WriteLayouts, type WriteLayout } from '../../search/schema/write-layout.ts'
import {
  SQLITE_CONSTRAINT_PRIMARYKEY,
  SQLITE_CONSTRAINT_UNIQUE,
  SQLITE_MISMATCH,
} from '../../sqlite/result-codes.ts'
import {
  UNCHANGED,
  type OnConflict,
  type RowChange,
  type RowInsert,
  type RowUpdate,
  type WrittenValue,
} from '../../sqlite/vtab/virtual-table.ts'
import type { RowKeys } from './row-keys.ts'
import { constraintError, writtenDataset, writtenEmbedding, writtenId } from './written-values.ts'

/** SQL: the row of [dataset, dataset, id, id], after the unnumbered parameters of an UPDATE. */
const OF_ROW = `${COLUMN.dataset} = ? AND ${COLUMN.dataset} = ? COLLATE BINARY AND ${COLUMN.id} = ? AND ${COLUMN.id} = ? COLLATE BINARY`

const UNIQUE: ReadonlySet<number> = new Set([
  SQLITE_CONSTRAINT_PRIMARYKEY,
  SQLITE_CONSTRAINT_UNIQUE,
])

/** A row of the shadow table: the condition that finds it, and its parameters after the other values. */
interface RowReference {
  readonly where: string
  readonly values: readonly BindValue[]
}

/** The state of a row before a change. */
interface OldRow {
  readonly dataset: string
  readonly id: Uint8Array
  /** The dimension of its embedding; 0 without a valid vector. */
  readonly dim: number
}

/**
 * Writes through a vec table go to its shadow table, one statement per row. So a failed row has written nothing, and
 * SQLite undoes the rows before it if the rule of the statement (ABORT, FAIL, ...) requires it.
 */
export class VecWriter {
  readonly #shadow: ShadowTable
  readonly #keys: RowKeys
  readonly #layouts: WriteLayouts
  readonly #dimensions: DatasetDimensions
  readonly #inserts = new Map<string, string>()
  readonly #schema: TableSchema
  /** Name of the vec table, for errors. */
  readonly #table: string
  /** The positions of the key and the embedding among the values of a row. */
  readonly #at: { readonly dataset: number; readonly id: number; readonly embedding: number }

  constructor(shadow: ShadowTable, schema: TableSchema, keys: RowKeys, table: string) {
    this.#shadow = shadow
    this.#schema = schema
    this.#keys = keys
    this.#table = table
    this.#at = {
      dataset: schema.place('dataset'),
      id: schema.place('id'),
      embedding: schema.place('embedding'),
    }
    this.#layouts = new WriteLayouts(shadow)
    this.#dimensions = new DatasetDimensions(shadow)
  }

  /** Called when a transaction begins. */
  begin(): void {
    this.#layouts.forget()
  }

  /** Returns the rowid of an inserted row. */
  write(change: RowChange): bigint | number {
    const layout = this.#layouts.current
    try {
      if (change.kind === 'insert') return this.#insert(layout, change)
      if (change.kind === 'update') this.#update(layout, change)
      else this.#delete(layout, change.rowid)
      return 0
    } catch (error) {
      this.#layouts.forget()
      throw error
    }
  }

  #insert(layout: WriteLayout, { rowid, values, subtype, onConflict }: RowInsert): bigint | number {
    this.#refuseComputed(values, value => value !== null)
    const dataset = writtenDataset(values[this.#at.dataset])
    const id = writtenId(values[this.#at.id], this.#schema.id)
    const at = this.#at.embedding
    const embedding = writtenEmbedding(values[at], subtype(at), layout.type, dataset, id)
    if (embedding) {
      const replaced = onConflict === 'replace' ? bytesOf(id) : null
      this.#requireDimension(layout, dataset, id, embedding.length / layout.type.bytes, replaced)
    }
    const names: string[] = [COLUMN.dataset, COLUMN.id]
    const bound: BindValue[] = [dataset, id]
    const add = (name: string, value: BindValue): void => {
      names.push(name)
      bound.push(value)
    }
    if (rowid !== null) add(this.#rowidName(layout, rowid), rowid)
    // A NULL is omitted, since the shadow table's column may have its own default.
    if (embedding) add(COLUMN.embedding, embedding)
    for (const { place, stored } of this.#schema.attributePlaces) {
      const value = values[place]
      if (value !== null) add(this.#attribute(layout, stored), value)
    }
    if (layout.needsScn) add(COLUMN.scn, 0)
    return this.#run(this.#insertSql(names, onConflict), bound, dataset, id).lastInsertRowid
  }

  /** The same string object for the same columns: a new object would be hashed for every row. */
  #insertSql(names: readonly string[], onConflict: OnConflict): string {
    const key = `${conflictWords(onConflict)} ${names.join(' ')}`
    let sql = this.#inserts.get(key)
    if (sql === undefined) {
      sql = `INSERT ${conflictWords(onConflict)} INTO {table}(${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
      this.#inserts.set(key, sql)
    }
    return sql
  }

  #update(layout: WriteLayout, { rowid, newRowid, values, subtype, onConflict }: RowUpdate): void {
    this.#refuseComputed(values, value => value !== UNCHANGED)
    const row = this.#reference(layout, rowid)
    if (!row) return
    const { type } = layout
    const old = this.#read(row, type.bytes)
    if (!old) return
    const dataset = updated(values[this.#at.dataset], writtenDataset)
    const id = updated(values[this.#at.id], value => writtenId(value, this.#schema.id))
    const at = this.#at.embedding
    const embedding = updated(values[at], value =>
      writtenEmbedding(value, subtype(at), type, dataset ?? old.dataset, id ?? new Utf8(old.id)),
    )
    const dim = embedding === undefined ? old.dim : (embedding?.length ?? 0) / type.bytes
    const target = dataset ?? old.dataset
    if (dim > 0 && (embedding || target !== old.dataset)) {
      // Neither the row's own old vector counts, nor that of a row it replaces.
      const replaced =
        target === old.dataset ? old.id : onConflict === 'replace' ? bytesOf(id ?? old.id) : null
      this.#requireDimension(layout, target, id ?? new Utf8(old.id), dim, replaced)
    }
    const sets: string[] = []
    const bound: BindValue[] = []
    const set = (name: string, value: BindValue): void => {
      sets.push(`${name} = ?`)
      bound.push(value)
    }
    if (dataset !== undefined) set(COLUMN.dataset, dataset)
    if (id !== undefined) set(COLUMN.id, id)
    if (embedding !== undefined) set(COLUMN.embedding, embedding)
    for (const { place, stored } of this.#schema.attributePlaces) {
      const value = values[place]
      if (value !== UNCHANGED) set(this.#attribute(layout, stored), value)
    }
    if (newRowid !== rowid) set(this.#rowidName(layout, newRowid), newRowid)
    if (sets.length === 0) return
    const sql = `UPDATE ${conflictWords(onConflict)} {table} SET ${sets.join(', ')} WHERE ${row.where}`
    this.#run(sql, [...bound, ...row.values], target, id ?? new Utf8(old.id))
  }

  #delete(layout: WriteLayout, rowid: SqlValue): void {
    const row = this.#reference(layout, rowid)
    if (row) this.#run(`DELETE FROM {table} WHERE ${row.where}`, row.values)
  }

  /** Undefined when the row no longer exists. */
  #reference(layout: WriteLayout, rowid: SqlValue): RowReference | undefined {
    if (layout.rowid !== undefined) return { where: `${layout.rowid} = ?`, values: [rowid] }
    const key = this.#keys.keyOf(BigInt(rowid as number | bigint))
    if (!key) return undefined
    const id = new Utf8(key.id)
    return {
      where: OF_ROW,
      values: [key.dataset, key.dataset, id, id],
    }
  }

  #read({ where, values }: RowReference, size: number): OldRow | undefined {
    return this.#shadow.first(
      `SELECT ${COLUMN.dataset}, ${COLUMN.id}, CASE typeof(${COLUMN.embedding}) WHEN 'blob' THEN length(${COLUMN.embedding}) ELSE 0 END FROM {table} WHERE ${where}`,
      values,
      row => {
        const bytes = row.number(2)
        const dim = bytes % size === 0 ? bytes / size : 0
        return { dataset: row.text(0), id: row.bytes(1).slice(), dim }
      },
    )
  }

  /** Runs one statement. */
  #run(
    sql: string,
    values: readonly BindValue[],
    dataset?: string,
    id?: string | Utf8,
  ): { lastInsertRowid: number | bigint } {
    try {
      return this.#shadow.run(sql, values)
    } catch (error) {
      const code = (error as { extendedCode?: number }).extendedCode
      if (dataset === undefined || id === undefined || !UNIQUE.has(code ?? 0)) throw error
      throw this.#taken(error, code!, dataset, id)
    }
  }

  /**
   * The error when another row conflicts: usually one with the same key, unless the table has unique columns of its
   * own.
   */
  #taken(error: unknown, code: number, dataset: string, id: string | Utf8): unknown {
    const sql = `SELECT 1 FROM {table} WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ?`
    if (!this.#shadow.first(sql, [dataset, id], () => true)) return error
    const column = this.#schema.id
    return constraintError(
      `UNIQUE constraint failed: ${this.#table}.dataset_id, ${this.#table}.${column}: dataset '${dataset}' already has a document '${textOf(id)}'`,
      code,
      'INSERT OR REPLACE replaces it, INSERT OR IGNORE leaves it; an archived document is in the way, too',
    )
  }

  #requireDimension(
    layout: WriteLayout,
    dataset: string,
    id: string | Utf8,
    offered: number,
    but: Uint8Array | null,
  ): void {
    const dim = this.#dimensions.required(layout, dataset, offered, but)
    if (dim === 0 || dim === offered) return
    const { schema, name } = this.#shadow
    throw new VecError(
      'VEC_DIMENSION',
      `vec: the embedding of '${textOf(id)}' has ${offered} dimensions: dataset '${dataset}' of ${schema}.${name} holds vectors of ${dim} dimensions`,
      {
        hint: 'use the model that embedded the other documents, or put vectors of another model into another dataset',
      },
    )
  }

  #refuseComputed<T>(values: readonly T[], isSet: (value: T) => boolean): void {
    const { columns, unwritablePlaces } = this.#schema
    const place = unwritablePlaces.find(one => isSet(values[one]))
    if (place === undefined) return
    const { name, unwritable } = columns[place]
    const writable = columns.filter(({ stored }) => stored).map(column => column.name)
    throw new VecError('VEC_QUERY', `vec: ${name} cannot be written: ${unwritable}`, {
      hint: `columns that can be written: ${writable.join(', ')}`,
    })
  }

  /** The column in SQL. */
  #attribute(layout: WriteLayout, column: StoredColumn): string {
    const { stored } = column
    if (layout.columns.has(stored.toLowerCase())) return sqlName(column)
    const { schema, name: table } = this.#shadow
    throw new VecError(
      'VEC_SHADOW',
      `vec: ${stored} cannot be written: the shadow table ${schema}.${table} lacks that column`,
      { hint: `ALTER TABLE ${table} ADD COLUMN ${columnDefinition(column)}` },
    )
  }

  #rowidName(layout: WriteLayout, rowid: SqlValue): string {
    if (layout.rowid === undefined) {
      const { schema, name } = this.#shadow
      throw new VecError(
        'VEC_SHADOW',
        `vec: rowid cannot be written: the shadow table ${schema}.${name} has none`,
        { hint: 'omit rowid' },
      )
    }
    if (typeof rowid === 'bigint' || Number.isInteger(rowid)) return layout.rowid
    throw new VecError('SQLITE_MISMATCH', 'vec: rowid must be an integer', {
      hint: 'omit rowid',
      extendedCode: SQLITE_MISMATCH,
    })
  }
}

/** The value that an UPDATE sets, converted by `read`; undefined if it sets none. */
function updated<T>(
  value: WrittenValue | typeof UNCHANGED,
  read: (value: WrittenValue) => T,
): T | undefined {
  return value === UNCHANGED ? undefined : read(value)
}

/**
 * The outer statement handles IGNORE, FAIL and ROLLBACK. Here a row is written, the conflicting row is replaced, or
 * neither.
 */
function conflictWords(onConflict: OnConflict): string {
  return onConflict === 'replace' ? 'OR REPLACE' : 'OR ABORT'
}

function bytesOf(id: string | Utf8 | Uint8Array): Uint8Array {
  if (id instanceof Uint8Array) return id
  return typeof id === 'string' ? new TextEncoder().encode(id) : id.bytes
}

function textOf(id: string | Utf8): string {
  return typeof id === 'string' ? id : new TextDecoder().decode(id.bytes)
}
