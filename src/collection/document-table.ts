import type { Connection } from '../engine/connection.ts'
import type { Statement } from '../engine/statement.ts'
import type { BindValue } from '../engine/values.ts'
import { VecError } from '../errors.ts'
import { DatasetDimensions } from '../store/dataset-dimension.ts'
import { quoteName } from '../store/names.ts'
import { ShadowTable } from '../store/shadow-table.ts'
import { WriteLayouts, type WriteLayout } from '../store/write-layout.ts'
import { FIELDS, fieldsOf, type DocumentWrite, type Field } from './document-fields.ts'
import { otherModel, storedModel } from './embedding-model.ts'

const tables = new WeakMap<Connection, Map<string, DocumentTable>>()

/** The shadow table of a name, as SQL would find it. Throws VEC_SHADOW when there is none. */
export function documentTable(db: Connection, shadow: string): DocumentTable {
  const { schema, name } = find(db, shadow)
  const known = tables.get(db) ?? new Map<string, DocumentTable>()
  tables.set(db, known)
  const key = JSON.stringify([schema, name])
  let table = known.get(key)
  if (!table) known.set(key, (table = new DocumentTable(new ShadowTable(db, schema, name, false))))
  return table
}

function find(db: Connection, shadow: string): { schema: string; name: string } {
  const list = db.prepare(
    'SELECT schema, name, type FROM pragma_table_list WHERE name = ? COLLATE NOCASE',
  )
  let found: { schema: string; name: string; type: string }[]
  try {
    found = list.all(shadow) as typeof found
  } finally {
    list.finalize()
  }
  // SQLite looks for a name without a schema in temp, then in main, then in what is attached.
  const [main, temp, ...attached] = db.schemas()
  for (const schema of [temp, main, ...attached]) {
    const table = found.find(row => row.schema === schema)
    if (table?.type === 'table') return table
    if (table) {
      throw new VecError(
        'VEC_SHADOW',
        `vecutil: ${shadow} is a ${table.type} table, not a table of documents`,
        {
          hint: `the documents of a vec table stand in its shadow table, which shadowTableName('${shadow}') names`,
        },
      )
    }
  }
  throw new VecError('VEC_SHADOW', `vecutil: there is no table ${shadow}`, {
    hint: 'CREATE VIRTUAL TABLE ... USING vec(doc_id) makes it',
  })
}

/** A shadow table whose documents are written field by field. */
export class DocumentTable {
  readonly #shadow: ShadowTable
  readonly #layouts: WriteLayouts
  readonly #dimensions: DatasetDimensions

  constructor(shadow: ShadowTable) {
    this.#shadow = shadow
    this.#layouts = new WriteLayouts(shadow)
    this.#dimensions = new DatasetDimensions(shadow)
  }

  get columns(): ReadonlySet<string> {
    return this.#shadow.refresh().columns
  }

  /**
   * Inserts documents, or changes the fields that are given of those that are there; inside a transaction of the caller.
   * Throws VEC_DIMENSION, by the same rule as a write through the vec table, and VEC_MODEL for what does not fit the
   * dataset, VEC_SHADOW for a field that the table has no column for.
   */
  write(dataset: string, documents: readonly DocumentWrite[]): void {
    this.#layouts.forget()
    const layout = this.#layouts.current
    const model = new ModelOfDataset(this.#shadow, layout, dataset)
    const writers = new Map<number, RowWriter>()
    try {
      for (const document of documents) {
        const write = storable(document, layout, this.#shadow.name)
        this.#requireDimension(layout, dataset, write)
        model.require(write)
        const fields = fieldsOf(write)
        let writer = writers.get(fields)
        if (!writer) writers.set(fields, (writer = new RowWriter(this.#shadow, layout, fields)))
        writer.write(dataset, write)
      }
    } finally {
      for (const writer of writers.values()) writer.finalize()
    }
  }

  /** How many of the documents were there. */
  delete(dataset: string, ids: readonly string[]): number {
    const remove = this.#shadow.db.prepare(
      `DELETE FROM ${this.#shadow.sql} WHERE dataset_id = ? AND id = ?`,
    )
    try {
      return ids.reduce((sum, id) => sum + remove.run(dataset, id).changes, 0)
    } finally {
      remove.finalize()
    }
  }

  has(dataset: string, id: string): boolean {
    const sql = 'SELECT 1 FROM {table} WHERE dataset_id = ? AND id = ?'
    return this.#shadow.first(sql, [dataset, id], () => true) === true
  }

  #requireDimension(layout: WriteLayout, dataset: string, { id, fields }: DocumentWrite): void {
    const { embedding } = fields
    if (!(embedding instanceof Uint8Array)) return
    const offered = embedding.length / 4
    const key = new TextEncoder().encode(id)
    const dim = this.#dimensions.required(layout, dataset, offered, key)
    if (dim === 0 || dim === offered) return
    throw new VecError(
      'VEC_DIMENSION',
      `vecutil: the embedding of document '${id}' has ${offered} dimensions, those of dataset '${dataset}' have ${dim}`,
      {
        hint: 'one dataset holds the embeddings of one model: use another dataset for those of another one',
      },
    )
  }
}

/** What the table has no column for is left out where it is null, and must not be lost where it is not. */
function storable(
  document: DocumentWrite,
  { columns }: WriteLayout,
  shadow: string,
): DocumentWrite {
  const absent = FIELDS.filter(field => field in document.fields && !columns.has(field))
  if (absent.length === 0) return document
  const lost = absent.find(field => document.fields[field] !== null)
  if (lost !== undefined) {
    throw new VecError(
      'VEC_SHADOW',
      `vecutil: document '${document.id}' has a ${lost}, and the table ${shadow} has no such column`,
      { hint: `ALTER TABLE ${quoteName(shadow)} ADD COLUMN ${lost} TEXT` },
    )
  }
  const fields = { ...document.fields }
  for (const field of absent) delete fields[field]
  return { id: document.id, fields }
}

/** Holds a dataset to one model, which the first of its embeddings with a name names. */
class ModelOfDataset {
  readonly #dataset: string
  #known: string | undefined

  constructor(shadow: ShadowTable, { columns }: WriteLayout, dataset: string) {
    this.#dataset = dataset
    this.#known = columns.has('embedding_model')
      ? storedModel(shadow.db, shadow.sql, dataset)
      : undefined
  }

  require({ fields }: DocumentWrite): void {
    const model = fields.embedding_model
    if (typeof model !== 'string') return
    this.#known ??= model
    if (model !== this.#known) throw otherModel(this.#dataset, model, this.#known)
  }
}

/** Writes documents that have the same fields. */
class RowWriter {
  readonly #fields: readonly Field[]
  readonly #insert: Statement
  /** Where fields are missing a row that is there is changed first: an INSERT of it may lack what cannot be NULL. */
  readonly #update: Statement | undefined

  constructor(shadow: ShadowTable, layout: WriteLayout, bits: number) {
    const { db, sql } = shadow
    const fields = FIELDS.filter((_field, place) => (bits & (1 << place)) !== 0)
    const all = FIELDS.filter(field => layout.columns.has(field))
    const names = ['dataset_id', 'id', ...fields]
    const whole = fields.length === all.length
    const replace = fields.map(field => `${field} = excluded.${field}`).join(', ')
    this.#fields = fields
    this.#insert = db.prepare(
      `INSERT INTO ${sql}(${names.join(', ')}${layout.needsScn ? ', scn' : ''})
       VALUES (${names.map(() => '?').join(', ')}${layout.needsScn ? ', 0' : ''})
       ${whole ? `ON CONFLICT(dataset_id, id) DO UPDATE SET ${replace}` : ''}`,
    )
    if (whole) return
    const set = ['id = id', ...fields.map(field => `${field} = ?`)].join(', ')
    this.#update = db.prepare(`UPDATE ${sql} SET ${set} WHERE dataset_id = ? AND id = ?`)
  }

  write(dataset: string, { id, fields }: DocumentWrite): void {
    const values: BindValue[] = this.#fields.map(field => fields[field]!)
    if (this.#update && this.#update.run(...values, dataset, id).changes > 0) return
    this.#insert.run(dataset, id, ...values)
  }

  finalize(): void {
    this.#insert.finalize()
    this.#update?.finalize()
  }
}
