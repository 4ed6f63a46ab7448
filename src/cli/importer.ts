import { insertMany, VecError, type BindValue, type Connection, type InsertRow } from '../main.ts'
import { documentsOf, lengthOf, type Batch } from './batches.ts'
import { CliError, inputError } from './cli-error.ts'
import { placeOf, type Document, type DocumentSource, type Extra } from './sources/document.ts'
import { quoteName } from './sql-names.ts'
import type { VecTable } from './vec-tables.ts'

export type OnConflict = 'error' | 'replace' | 'skip'

export interface ImportTarget {
  readonly table: VecTable
  /** Dataset of documents that name none. */
  readonly dataset: string
  /** All documents go to `dataset`, whatever they say. */
  readonly forceDataset: boolean
  readonly onConflict: OnConflict
  /** Written as embedding_model of all; undefined: what the documents say. */
  readonly model: string | undefined
}

const READ: Readonly<Record<Extra, (document: Document) => string | number | null>> = {
  content: document => document.content,
  meta: document => document.meta,
  embedding_model: document => document.model,
  archived: document => (document.archived ? 1 : 0),
}

const CONFLICTS = { error: 'abort', replace: 'replace', skip: 'ignore' } as const

/** Writes documents into the shadow table of a vec table, batch by batch: each is one transaction. */
export class Importer {
  readonly #db: Connection
  readonly #target: ImportTarget
  readonly #source: Pick<DocumentSource, 'name' | 'unit' | 'carries'>
  readonly #columns: ReadonlySet<string>
  readonly #dims = new Map<string, number>()
  /** Documents in the file now that were not before, or were replaced. */
  written = 0
  /** Left out, as they were there already. */
  skipped = 0
  /** Of all these, without an embedding. */
  unembedded = 0

  constructor(
    db: Connection,
    target: ImportTarget,
    source: Pick<DocumentSource, 'name' | 'unit' | 'carries'>,
  ) {
    this.#db = db
    this.#target = target
    this.#source = source
    const info = db.prepare('SELECT name FROM pragma_table_info(?)').pluck()
    this.#columns = new Set((info.all(target.table.shadow) as string[]).map(n => n.toLowerCase()))
    info.finalize()
  }

  /** Dimensions by dataset, of those that got vectors. */
  get dims(): ReadonlyMap<string, number> {
    return this.#dims
  }

  /** All of the batch, or none. */
  write(batch: Batch): void {
    const { model } = this.#target
    const extras = new Set(this.#source.carries)
    if (model !== undefined) extras.add('embedding_model')
    const present = [...extras].filter(column => this.#columns.has(column))
    const absent = [...extras].filter(column => !this.#columns.has(column))
    const read = present.map(column =>
      column === 'embedding_model' && model !== undefined ? () => model : READ[column],
    )
    const columns = ['dataset_id', 'id', 'embedding', ...present]
    const checked = (document: Document): InsertRow => {
      this.#check(document, absent)
      const row: BindValue[] = [this.#datasetOf(document), document.id, document.embedding]
      for (const value of read) row.push(value(document))
      return row
    }
    function* rows(): Generator<InsertRow> {
      for (const document of documentsOf(batch)) yield checked(document)
    }
    const { unembedded } = this
    try {
      const inserted = insertMany(this.#db, this.#target.table.shadow, columns, rows(), {
        conflict: CONFLICTS[this.#target.onConflict],
      })
      this.written += inserted
      this.skipped += lengthOf(batch) - inserted
    } catch (error) {
      this.unembedded = unembedded
      throw this.#explained(error, batch)
    }
  }

  #datasetOf(document: Document): string {
    const { dataset, forceDataset } = this.#target
    return forceDataset ? dataset : (document.dataset ?? dataset)
  }

  /** A row of another dimension would be stored, and then never found. */
  #check(document: Document, absent: readonly Extra[]): void {
    for (const column of absent) this.#requireEmpty(document, column)
    const { embedding } = document
    if (embedding === null) {
      this.unembedded++
      return
    }
    const dataset = this.#datasetOf(document)
    if (embedding.length % 4 !== 0 || embedding.length === 0) {
      throw inputError(
        `${this.#place(document)}: ${embedding.length} bytes are no float32 embedding`,
      )
    }
    const dim = embedding.length / 4
    const known = this.#dims.get(dataset) ?? this.#dimInFile(dataset) ?? dim
    this.#dims.set(dataset, known)
    if (dim !== known) {
      throw new CliError(
        'CLI_INPUT',
        `${this.#place(document)}: the embedding of '${document.id}' has ${dim} dimensions, those of dataset '${dataset}' have ${known}`,
        { hint: 'one dataset holds vectors of one model: import into another with --dataset' },
      )
    }
    const at = notFiniteAt(embedding)
    if (at >= 0) {
      throw inputError(
        `${this.#place(document)}: number ${at} of the embedding of '${document.id}' is NaN or infinite`,
        'such a document would never be found',
      )
    }
  }

  #place(document: Document): string {
    return placeOf(this.#source, document.at)
  }

  #dimInFile(dataset: string): number | undefined {
    const statement = this.#db.prepare(
      `SELECT length(embedding) / 4 FROM main.${quoteName(this.#target.table.shadow)}
       WHERE dataset_id = ? AND typeof(embedding) = 'blob' AND length(embedding) > 0 LIMIT 1`,
    )
    try {
      return statement.pluck().get(dataset) as number | undefined
    } finally {
      statement.finalize()
    }
  }

  /** What the table has no column for must not be lost without a word. */
  #requireEmpty(document: Document, column: Extra): void {
    const value = READ[column](document)
    if (value === null || value === 0) return
    const { shadow } = this.#target.table
    throw inputError(
      `${this.#place(document)}: there is a ${column}, and ${shadow} has no such column`,
      `ALTER TABLE ${shadow} ADD COLUMN ${column}`,
    )
  }

  /** SQLite names the key that is taken, not the document. */
  #explained(error: unknown, batch: Batch): unknown {
    if (!(error instanceof VecError)) return error
    // What a row was refused for while the statement ran.
    if (error.cause instanceof CliError) return error.cause
    if (error.code !== 'SQLITE_CONSTRAINT') return error
    const seen = new Map<string, number>()
    const present = this.#db.prepare(
      `SELECT 1 FROM main.${quoteName(this.#target.table.shadow)} WHERE dataset_id = ? AND id = ?`,
    )
    try {
      for (const document of documentsOf(batch)) {
        const dataset = this.#datasetOf(document)
        const key = JSON.stringify([dataset, document.id])
        const earlier = seen.get(key)
        seen.set(key, document.at)
        if (earlier === undefined && present.get(dataset, document.id) === undefined) continue
        const where =
          earlier === undefined
            ? 'is there already'
            : `stood in ${this.#source.unit} ${earlier} already`
        return new CliError(
          'CLI_INPUT',
          `${placeOf(this.#source, document.at)}: the id '${document.id}' of dataset '${dataset}' ${where}`,
          {
            hint: '--on-conflict replace takes the new one, --on-conflict skip keeps the old one',
            cause: error,
          },
        )
      }
    } finally {
      present.finalize()
    }
    return error
  }
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The first number that is NaN or infinite: its exponent is all ones. */
function notFiniteAt(embedding: Uint8Array): number {
  if (LITTLE_ENDIAN && embedding.byteOffset % 4 === 0) {
    const numbers = new Float32Array(embedding.buffer, embedding.byteOffset, embedding.length / 4)
    // NaN and infinities make the sum NaN; finite numbers minus themselves never do.
    let sum = 0
    for (let i = 0; i < numbers.length; i++) sum += numbers[i] - numbers[i]
    if (sum === 0) return -1
  }
  for (let i = 3; i < embedding.length; i += 4) {
    if ((embedding[i] & 0x7f) === 0x7f && embedding[i - 1] >= 0x80) return (i - 3) / 4
  }
  return -1
}
