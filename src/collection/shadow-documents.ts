import type { Connection } from '../engine/connection.ts'
import { VecError } from '../errors.ts'
import { quoteName, shadowTableName } from '../store/names.ts'
import { encodeEmbedding } from '../vector/embedding.ts'

export interface ShadowDocument {
  readonly id: string
  readonly content?: string | null
  /** JSON or any other text. */
  readonly meta?: string | null
  /** The vector, or its bytes as a BLOB holds them. */
  readonly embedding?: ArrayLike<number> | Uint8Array | null
  /** Name of the model that made the embedding. */
  readonly model?: string | null
}

interface ColumnRow {
  readonly name: string
  readonly notnull: number
  readonly dflt_value: string | null
}

/** Inserts a document into a shadow table, or replaces the one of the same id. */
export function upsertShadowDocument(
  db: Connection,
  shadow: string,
  dataset: string,
  document: ShadowDocument,
): void {
  upsertShadowDocuments(db, shadow, dataset, [document])
}

/** The same by the name of the vec table. */
export function upsertVirtualTableDocument(
  db: Connection,
  table: string,
  dataset: string,
  document: ShadowDocument,
): void {
  upsertShadowDocument(db, shadowTableName(table), dataset, document)
}

/**
 * Inserts or replaces many documents, all or none, with one prepared statement in one transaction. Throws VEC_DIMENSION
 * and VEC_MODEL when an embedding does not fit those of the dataset, VEC_SHADOW when there is no such table.
 */
export function upsertShadowDocuments(
  db: Connection,
  shadow: string,
  dataset: string,
  documents: readonly ShadowDocument[],
): void {
  const rows = documents.map(document => {
    const { id, embedding } = document
    if (typeof id !== 'string' || id === '') {
      throw new RangeError(`vecutil: a document needs an id, a text that is not empty, not ${id}`)
    }
    return { ...document, embedding: embedding ? toBytes(embedding) : null }
  })
  if (rows.length === 0) return
  db.transaction(() => {
    const columns = columnsOf(db, shadow)
    checkFit(db, shadow, dataset, rows, columns)
    const names = ['dataset_id', 'id', 'content', 'meta', 'embedding']
    if (columns.has('embedding_model')) names.push('embedding_model')
    // A counter that only replication moves; without a default it must be given.
    const scn = columns.get('scn')
    const needsScn = scn !== undefined && scn.notnull !== 0 && scn.dflt_value === null
    const updates = names.slice(2).map(name => `${name} = excluded.${name}`)
    const insert = db.prepare(
      `INSERT INTO ${quoteName(shadow)}(${names.join(', ')}${needsScn ? ', scn' : ''})
       VALUES (${names.map(() => '?').join(', ')}${needsScn ? ', 0' : ''})
       ON CONFLICT(dataset_id, id) DO UPDATE SET ${updates.join(', ')}`,
    )
    try {
      for (const { id, content, meta, embedding, model } of rows) {
        const values = [dataset, id, content ?? null, meta ?? null, embedding]
        if (names.length === 6) values.push(model ?? null)
        insert.run(...values)
      }
    } finally {
      insert.finalize()
    }
  }).immediate()
}

/** Deletes documents, all or none; returns how many there were. */
export function deleteShadowDocuments(
  db: Connection,
  shadow: string,
  dataset: string,
  ids: readonly string[],
): number {
  const remove = db.prepare(`DELETE FROM ${quoteName(shadow)} WHERE dataset_id = ? AND id = ?`)
  try {
    return db
      .transaction(() => ids.reduce((sum, id) => sum + remove.run(dataset, id).changes, 0))
      .immediate()
  } finally {
    remove.finalize()
  }
}

function toBytes(embedding: ArrayLike<number> | Uint8Array): Uint8Array {
  if (!(embedding instanceof Uint8Array)) return encodeEmbedding(embedding)
  if (embedding.length % 4 === 0) return embedding
  throw new VecError(
    'VEC_EMBEDDING',
    `vecutil: an embedding of ${embedding.length} bytes: float32 takes 4 bytes a number`,
  )
}

/** The shadow table's columns by name; throws VEC_SHADOW when there is none. */
function columnsOf(db: Connection, shadow: string): Map<string, ColumnRow> {
  const rows = db.pragma(`table_info(${quoteName(shadow)})`) as ColumnRow[]
  if (rows.length > 0) return new Map(rows.map(row => [row.name, row]))
  throw new VecError('VEC_SHADOW', `vecutil: there is no table ${shadow}`, {
    hint: 'CREATE VIRTUAL TABLE ... USING vec(doc_id) makes it',
  })
}

function checkFit(
  db: Connection,
  shadow: string,
  dataset: string,
  rows: readonly { embedding: Uint8Array | null; model?: string | null }[],
  columns: ReadonlyMap<string, unknown>,
): void {
  const first = (value: string, condition: string) => {
    const statement = db.prepare(
      `SELECT ${value} FROM ${quoteName(shadow)} WHERE dataset_id = ? AND ${condition} LIMIT 1`,
    )
    try {
      return statement.pluck().get(dataset)
    } finally {
      statement.finalize()
    }
  }
  let bytes = first('length(embedding)', 'length(embedding) > 0') as number | undefined
  let known: string | undefined
  if (columns.has('embedding_model')) {
    known = first('embedding_model', 'embedding_model IS NOT NULL') as string | undefined
  }
  for (const { embedding, model } of rows) {
    if (embedding) bytes ??= embedding.length
    if (embedding && embedding.length !== bytes) {
      throw new VecError(
        'VEC_DIMENSION',
        `vecutil: an embedding of ${embedding.length / 4} dimensions for dataset '${dataset}', whose embeddings have ${bytes! / 4}`,
      )
    }
    if (typeof model !== 'string') continue
    known ??= model
    if (model !== known) {
      throw new VecError(
        'VEC_MODEL',
        `vecutil: model '${model}' for dataset '${dataset}', which holds embeddings of model '${known}'`,
        { hint: 'use another dataset for the new model, or delete the old documents first' },
      )
    }
  }
}
