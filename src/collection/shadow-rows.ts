import type { Connection } from '../engine/connection.ts'
import { VecError } from '../errors.ts'
import { quoteName } from '../store/names.ts'
import { encodeEmbedding } from '../vector/embedding.ts'
import { otherModel, storedModel } from './embedding-model.ts'

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

/** Inserts or replaces documents, all or none, with one prepared statement in one transaction. */
export function writeShadowRows(
  db: Connection,
  shadow: string,
  dataset: string,
  documents: readonly ShadowDocument[],
): void {
  const rows = documents.map(document => {
    requireId(document.id)
    return { ...document, embedding: document.embedding ? toBytes(document.embedding) : null }
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

export function requireId(id: unknown): void {
  if (typeof id === 'string' && id !== '') return
  throw new RangeError(
    `vecutil: a document needs an id, a text that is not empty, not ${id === '' ? "''" : String(id)}`,
  )
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
export function columnsOf(db: Connection, shadow: string): Map<string, ColumnRow> {
  const rows = db.pragma(`table_info(${quoteName(shadow)})`) as ColumnRow[]
  if (rows.length > 0) return new Map(rows.map(row => [row.name.toLowerCase(), row]))
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
  let bytes = storedBytes(db, shadow, dataset)
  let known = columns.has('embedding_model') ? storedModel(db, shadow, dataset) : undefined
  for (const { embedding, model } of rows) {
    if (embedding) bytes ??= embedding.length
    if (embedding && embedding.length !== bytes) {
      throw new VecError(
        'VEC_DIMENSION',
        `vecutil: an embedding of ${embedding.length / 4} dimensions for dataset '${dataset}', whose embeddings have ${bytes! / 4}`,
        { hint: 'one dataset holds the embeddings of one model' },
      )
    }
    if (typeof model !== 'string') continue
    known ??= model
    if (model !== known) throw otherModel(dataset, model, known)
  }
}

/** Length of an embedding that the dataset holds. */
function storedBytes(db: Connection, shadow: string, dataset: string): number | undefined {
  const statement = db.prepare(
    `SELECT length(embedding) FROM ${quoteName(shadow)}
     WHERE dataset_id = ? AND typeof(embedding) = 'blob' AND length(embedding) > 0 AND length(embedding) % 4 = 0 LIMIT 1`,
  )
  try {
    return statement.pluck().get(dataset) as number | undefined
  } finally {
    statement.finalize()
  }
}
