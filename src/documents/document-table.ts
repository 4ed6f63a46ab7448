import { storedBytes, type EmbeddingType } from '../core/embedding-type.ts'
import { VecError } from '../core/errors.ts'
import type { Database } from '../database/database.ts'
import type { BindValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { DatasetDimensions } from '../search/schema/dataset-dimension.ts'
import { OF_KEY, quoteName } from '../search/schema/names.ts'
import { ShadowTable } from '../search/schema/shadow-table.ts'
import { WriteLayouts, type WriteLayout } from '../search/schema/write-layout.ts'
import { FIELDS, fieldsOf, type DocumentWrite, type Field } from './document-fields.ts'
import { otherModel, storedModel } from './embedding-model.ts'

/** The statements that write documents with the same fields. */
interface RowSql {
  readonly fields: readonly Field[]
  readonly insert: string
  /** If fields are missing, an existing row is updated first: an INSERT could lack a column that must not be NULL. */
  readonly update: string | undefined
}

/** A shadow table whose documents are written field by field. */
export class DocumentTable {
  readonly #shadow: ShadowTable
  readonly #layouts: WriteLayouts
  readonly #dimensions: DatasetDimensions
  /** The statements by the fields as bits, for one layout. */
  readonly #sql = new Map<number, RowSql>()
  #sqlOf: WriteLayout | undefined
  /** Whether the layout was read in an open transaction. */
  #uncommitted = false

  constructor(db: Database, schema: string, name: string) {
    this.#shadow = new ShadowTable(db, schema, name, false)
    this.#layouts = new WriteLayouts(this.#shadow)
    this.#dimensions = new DatasetDimensions(this.#shadow)
  }

  is(schema: string, name: string): boolean {
    return this.#shadow.schema === schema && this.#shadow.name === name
  }

  get columns(): ReadonlySet<string> {
    return this.#shadow.refresh().columns
  }

  /** How the embeddings are stored. */
  get type(): EmbeddingType {
    return this.#shadow.refresh().type
  }

  /** Called before a transaction begins: a committed schema that is read now need not be read again in it. */
  prepare(): void {
    const open = this.#shadow.db.inTransaction
    // An open transaction may roll its schema back, and the schema's number may then be used for another one.
    if (open || this.#uncommitted) this.#layouts.forget()
    this.#uncommitted = open
    if (!open) void this.#layouts.current
  }

  /**
   * Inserts documents, or updates the given fields of existing ones, inside a transaction of the caller. Throws
   * VEC_DIMENSION, by the same rule as a write through the vec table, and VEC_MODEL for an embedding that does not
   * match the dataset, VEC_SHADOW for a field without a column in the table.
   */
  write(dataset: string, documents: readonly DocumentWrite[]): void {
    const layout = this.#layouts.current
    const model = new ModelOfDataset(this.#shadow, dataset)
    const fitting = new Set<number>()
    for (const document of documents) {
      const write = storable(document, layout, this.#shadow.name)
      this.#requireDimension(layout, dataset, write, fitting)
      model.require(write)
      this.#writeRow(layout, dataset, write)
    }
  }

  /** Returns how many of the documents existed. */
  delete(dataset: string, ids: readonly string[]): number {
    const sql = `DELETE FROM {table} WHERE ${OF_KEY}`
    return ids.reduce((sum, id) => sum + this.#shadow.run(sql, [dataset, id]).changes, 0)
  }

  has(dataset: string, id: string): boolean {
    const sql = `SELECT 1 FROM {table} WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ?`
    return this.#shadow.first(sql, [dataset, id], () => true) === true
  }

  #writeRow(layout: WriteLayout, dataset: string, write: DocumentWrite): void {
    const { fields, insert, update } = this.#sqlFor(layout, fieldsOf(write))
    const values: BindValue[] = fields.map(field => {
      const value = write.fields[field]!
      return field === COLUMN.embedding && value instanceof Uint8Array
        ? storedBytes(layout.type, value, 'vecutil', `the embedding of document '${write.id}'`)
        : value
    })
    const changed =
      update !== undefined && this.#shadow.run(update, [...values, dataset, write.id]).changes > 0
    if (!changed) this.#shadow.run(insert, [dataset, write.id, ...values])
    const columns = Object.entries(write.columns ?? {})
    if (columns.length === 0) return
    const set = columns.map(([name]) => `${quoteName(name)} = ?`).join(', ')
    const row = `UPDATE {table} SET ${set} WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ?`
    this.#shadow.run(row, [...columns.map(([, value]) => value), dataset, write.id])
  }

  /** The same string objects for the same fields: new ones would be hashed for each row. */
  #sqlFor(layout: WriteLayout, bits: number): RowSql {
    if (this.#sqlOf !== layout) this.#sql.clear()
    this.#sqlOf = layout
    let sql = this.#sql.get(bits)
    if (!sql) this.#sql.set(bits, (sql = rowSql(layout, bits)))
    return sql
  }

  /**
   * `fitting`: dimensions with which this call has already written a document. They are right for the next one, too.
   */
  #requireDimension(
    layout: WriteLayout,
    dataset: string,
    { id, fields }: DocumentWrite,
    fitting: Set<number>,
  ): void {
    const { embedding } = fields
    if (!(embedding instanceof Uint8Array)) return
    const offered = embedding.length / 4
    if (fitting.has(offered)) return
    const key = new TextEncoder().encode(id)
    const dim = this.#dimensions.required(layout, dataset, offered, key)
    if (dim === 0 || dim === offered) {
      fitting.clear()
      fitting.add(offered)
      return
    }
    throw new VecError(
      'VEC_DIMENSION',
      `vecutil: the embedding of document '${id}' has ${offered} dimensions, but dataset '${dataset}' has ${dim}`,
      {
        hint: 'a dataset holds the embeddings of one model: use another dataset for another model',
      },
    )
  }
}

/** A field without a column is dropped if it is null. Otherwise it must not be lost silently. */
function storable(
  document: DocumentWrite,
  { columns }: WriteLayout,
  shadow: string,
): DocumentWrite {
  const absent = FIELDS.filter(field => !columns.has(field) && field in document.fields)
  if (absent.length === 0) return document
  const lost = absent.find(field => document.fields[field] !== null)
  if (lost !== undefined) {
    throw new VecError(
      'VEC_SHADOW',
      `vecutil: document '${document.id}' has a ${lost}, but the table ${shadow} lacks that column`,
      { hint: `ALTER TABLE ${quoteName(shadow)} ADD COLUMN ${lost} TEXT` },
    )
  }
  const fields = { ...document.fields }
  for (const field of absent) delete fields[field]
  return { ...document, fields }
}

function rowSql({ columns, needsScn, upserts }: WriteLayout, bits: number): RowSql {
  const fields = FIELDS.filter((_field, place) => (bits & (1 << place)) !== 0)
  const names = [COLUMN.dataset, COLUMN.id, ...fields]
  const whole = upserts && fields.length === FIELDS.filter(field => columns.has(field)).length
  const replace = fields.map(field => `${field} = excluded.${field}`).join(', ')
  const set = [`${COLUMN.id} = ${COLUMN.id}`, ...fields.map(field => `${field} = ?`)].join(', ')
  return {
    fields,
    insert: `INSERT INTO {table}(${names.join(', ')}${needsScn ? `, ${COLUMN.scn}` : ''})
       VALUES (${names.map(() => '?').join(', ')}${needsScn ? ', 0' : ''})
       ${whole ? `ON CONFLICT(${COLUMN.dataset}, ${COLUMN.id}) DO UPDATE SET ${replace}` : ''}`,
    update: whole
      ? undefined
      : `UPDATE {table} SET ${set} WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ?`,
  }
}

/** Holds a dataset to one model, named by the first of its embeddings that names one. */
class ModelOfDataset {
  readonly #shadow: ShadowTable
  readonly #dataset: string
  #known: string | undefined

  constructor(shadow: ShadowTable, dataset: string) {
    this.#shadow = shadow
    this.#dataset = dataset
  }

  require({ fields }: DocumentWrite): void {
    const model = fields.embedding_model
    if (typeof model !== 'string') return
    const { db, sql } = this.#shadow
    this.#known ??= storedModel(db, sql, this.#dataset) ?? model
    if (model !== this.#known) throw otherModel(this.#dataset, model, this.#known)
  }
}
