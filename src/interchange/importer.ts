import { counted } from '../core/counted.ts'
import { F32, storedBytes, type EmbeddingType } from '../core/embedding-type.ts'
import { decodeEmbedding, isFiniteVector, notFinite } from '../core/embedding.ts'
import { VecError } from '../core/errors.ts'
import { doubleQuoted } from '../core/quote.ts'
import type { BindValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { storedType } from '../search/schema/stored-type.ts'
import type { Connection } from '../sqlite/connection.ts'
import { insertMany } from '../sqlite/vtab/insert-many.ts'
import type { TableDescription } from '../tables/describe-table.ts'
import { DimensionRule } from '../tables/vec/dimension-rule.ts'
import { documentsOf, lengthOf, type Batch } from './batches.ts'
import { storedColumns } from './declared-column.ts'
import { placeOf, type Document, type DocumentSource, type Extra } from './document.ts'
import {
  InterchangeError,
  optionText,
  placeText,
  sourceError,
  type Place,
} from './interchange-error.ts'
import { MergeWriter } from './merge-writer.ts'
import { MetaText } from './meta-text.ts'
import { Unfindable, type Reason, type UnfindableCounts } from './unfindable.ts'

export const CONFLICT_MODES = ['error', 'replace', 'skip', 'merge'] as const
/** What happens to a document whose id already exists in its dataset. */
export type ConflictMode = (typeof CONFLICT_MODES)[number]

export interface ImportTarget {
  readonly table: TableDescription
  /** The dataset of documents that name none. */
  readonly dataset: string
  /** Whether all documents go to `dataset`, whatever they name. */
  readonly forceDataset: boolean
  readonly onConflict: ConflictMode
  /** Written as embedding_model of all documents; undefined: each keeps the model it names. */
  readonly model: string | undefined
}

const READ: Readonly<Record<Extra, (document: Document) => string | number | null>> = {
  content: document => document.content,
  meta: document => document.meta,
  embedding_model: document => document.model,
  archived: document => (document.archived === undefined ? null : Number(document.archived)),
}

const CONFLICTS = { error: 'abort', replace: 'replace', skip: 'ignore' } as const

/** Writes documents into the shadow table of a vec table, batch by batch, one transaction each. */
export class Importer {
  readonly #db: Connection
  readonly #target: ImportTarget
  readonly #source: Pick<DocumentSource, 'name' | 'unit' | 'carries'>
  /** The optional parts that the documents may have and the table has columns for. */
  readonly #present: readonly Extra[]
  readonly #absent: readonly Extra[]
  /** The names of the stored declared columns. */
  readonly #declared: readonly string[]
  /** A reader for each column of `present`. */
  readonly #readers: readonly ((document: Document) => BindValue)[]
  readonly #dims = new Map<string, number>()
  readonly #rule: DimensionRule
  /** How the table stores embeddings. */
  readonly #type: EmbeddingType
  readonly #meta: MetaText
  readonly #unfindable: Unfindable
  readonly #merge: MergeWriter
  readonly #rowsBefore: number
  /** The number of documents that were inserted, replaced or merged. */
  written = 0
  /** The number of documents that were skipped, because they already existed. */
  skipped = 0
  /** Of those written, the number that were merged into existing documents. */
  merged = 0

  constructor(
    db: Connection,
    target: ImportTarget,
    source: Pick<DocumentSource, 'name' | 'unit' | 'carries'>,
  ) {
    const { name, shadow, metric, includeArchived } = target.table
    this.#db = db
    this.#target = target
    this.#source = source
    const columns = new Set(shadowColumns(db, target.table))
    const extras = new Set(source.carries)
    if (target.model !== undefined) extras.add(COLUMN.model)
    this.#present = [...extras].filter(column => columns.has(column))
    this.#absent = [...extras].filter(column => !columns.has(column))
    this.#declared = storedColumns(target.table).map(column => column.name)
    this.#rule = new DimensionRule(db, name)
    this.#type = storedType(db, shadow)
    this.#meta = new MetaText(db)
    this.#readers = this.#present.map(column => this.#readerOf(column))
    this.#unfindable = new Unfindable(db, shadow, columns, {
      type: this.#type,
      cosine: metric === 'cosine',
      archivedCounts: includeArchived,
    })
    this.#merge = new MergeWriter(db, shadow, [
      COLUMN.dataset,
      COLUMN.id,
      COLUMN.embedding,
      ...this.#present,
      ...this.#declared,
    ])
    this.#rowsBefore = target.onConflict === 'replace' ? this.#rows() : 0
  }

  /** The dimension of each dataset that received vectors. */
  get dims(): ReadonlyMap<string, number> {
    return this.#dims
  }

  /** The number of documents whose metadata was not JSON, and is now a JSON string. */
  get wrapped(): number {
    return this.#meta.wrapped
  }

  /** Of those written, the number that replaced documents with the same id. Asked at the end. */
  get replaced(): number {
    if (this.#target.onConflict !== 'replace') return 0
    return Math.max(0, this.written - (this.#rows() - this.#rowsBefore))
  }

  /** Of those written, the documents that no search finds. Asked at the end. */
  unfindable(): UnfindableCounts {
    return this.#unfindable.counts()
  }

  /** Writes the whole batch, or nothing. */
  write(batch: Batch): void {
    const undo = this.#unfindable.mark()
    const { wrapped } = this.#meta
    try {
      if (this.#target.onConflict === 'merge') this.#mergeAll(batch)
      else this.#insertAll(batch, CONFLICTS[this.#target.onConflict])
    } catch (error) {
      undo()
      this.#meta.wrapped = wrapped
      throw this.#explained(error, batch)
    }
  }

  close(): void {
    this.#rule.dispose()
  }

  #insertAll(batch: Batch, conflict: 'abort' | 'replace' | 'ignore'): void {
    const columns = [
      COLUMN.dataset,
      COLUMN.id,
      COLUMN.embedding,
      ...this.#present,
      ...this.#declared,
    ]
    const archived = columns.indexOf(COLUMN.archived)
    const rows = function* (this: Importer): Generator<readonly BindValue[]> {
      for (const document of documentsOf(batch)) {
        const row = this.#row(document)
        // A part that the source does not have gets the default of its column.
        if (archived >= 0) row[archived] ??= 0
        yield row
      }
    }
    const { shadow } = this.#target.table
    const inserted = insertMany(this.#db, shadow, columns, rows.call(this), { conflict })
    this.written += inserted
    this.skipped += lengthOf(batch) - inserted
  }

  #mergeAll(batch: Batch): void {
    let merged = 0
    this.#db.transaction(() => {
      for (const document of documentsOf(batch)) {
        const completed = this.#merge.write(this.#row(document))
        if (!completed) continue
        merged++
        // The row may stay archived, whatever else the document says.
        if (completed.archived) {
          this.#unfindable.countLater('archived', this.#datasetOf(document), document.id)
        }
      }
    })()
    this.written += lengthOf(batch)
    this.merged += merged
  }

  /** Checks a document. Returns its values in the order of the columns. */
  #row(document: Document): BindValue[] {
    for (const column of this.#absent) this.#requireEmpty(document, column)
    const dataset = this.#datasetOf(document)
    this.#checkEmbedding(document, dataset)
    this.#countUnfindable(document, dataset)
    const row: BindValue[] = [dataset, document.id, this.#stored(document)]
    for (const read of this.#readers) row.push(read(document))
    for (const i of this.#declared.keys()) row.push(document.columns?.[i] ?? null)
    return row
  }

  #stored({ embedding, id, at }: Document): Uint8Array | null {
    if (embedding === null || this.#type === F32) return embedding
    const place = placeOf(this.#source, at)
    try {
      return storedBytes(this.#type, embedding, placeText(place), `the embedding of '${id}'`)
    } catch (error) {
      if (!(error instanceof VecError)) throw error
      throw new InterchangeError(error.message, { hint: error.hint, place, cause: error })
    }
  }

  #readerOf(column: Extra): (document: Document) => BindValue {
    const { model } = this.#target
    if (column === COLUMN.model && model !== undefined) return () => model
    if (column !== COLUMN.meta) return READ[column]
    return document => this.#meta.of(document.meta, () => this.#place(document))
  }

  #datasetOf(document: Document): string {
    const { dataset, forceDataset } = this.#target
    return forceDataset ? dataset : (document.dataset ?? dataset)
  }

  /** Throws for an embedding of another dimension: it would be stored and then never found. */
  #checkEmbedding(document: Document, dataset: string): void {
    const { embedding, id } = document
    if (embedding === null) return
    if (embedding.length % 4 !== 0 || embedding.length === 0) {
      throw sourceError(
        `the embedding of '${id}' has ${embedding.length} bytes: expected a multiple of 4, as float32`,
        'check that it is the right field, and that its numbers are float32',
        this.#place(document),
      )
    }
    const vector = decodeEmbedding(embedding)
    if (!isFiniteVector(vector)) {
      const at = vector.findIndex(number => !Number.isFinite(number))
      const place = this.#place(document)
      const cause = notFinite(vector[at], at, placeText(place), `the embedding of '${id}'`)
      throw new InterchangeError(cause.message, { hint: cause.hint, place, cause })
    }
    // No search reads this row.
    if (document.archived === true && !this.#rule.archivedCounts) return
    const dim = embedding.length / 4
    const required = this.#requiredDimension(dataset, dim, id)
    if (dim === required) return
    throw sourceError(
      `the embedding of '${id}' has ${counted(dim, 'dimension')}, but dataset '${dataset}' has ${required}`,
      `a dataset holds vectors of one model: import into another one with ${optionText('dataset')}`,
      this.#place(document),
    )
  }

  /** Rows of the current batch may not be in the table yet, so the first one decides for the others. */
  #requiredDimension(dataset: string, dim: number, id: string): number {
    const known = this.#dims.get(dataset)
    if (known !== undefined) return known
    const { onConflict } = this.#target
    const replaces = onConflict === 'replace' || onConflict === 'merge' ? id : undefined
    const required = this.#rule.required(dataset, dim, replaces) || dim
    if (required === dim) this.#dims.set(dataset, dim)
    return required
  }

  #countUnfindable(document: Document, dataset: string): void {
    const { embedding, id, archived } = document
    const reason: Reason | undefined = this.#unfindable.reasonFor(embedding, archived === true)
    if (reason === undefined) return
    const { onConflict } = this.#target
    if (onConflict === 'error') this.#unfindable.count(reason)
    else if (onConflict !== 'skip' || !this.#unfindable.has(dataset, id)) {
      this.#unfindable.countLater(reason, dataset, id)
    }
  }

  #place(document: Document): Place {
    return placeOf(this.#source, document.at)
  }

  #rows(): number {
    const table = doubleQuoted(this.#target.table.shadow)
    using count = this.#db.prepare(`SELECT count(*) FROM main.${table}`)
    return Number(count.pluck().get())
  }

  /** A value without a column must not be lost silently. */
  #requireEmpty(document: Document, column: Extra): void {
    const value = READ[column](document)
    if (value === null || value === 0) return
    const { shadow } = this.#target.table
    throw sourceError(
      `the document has a ${column}, but ${shadow} lacks that column`,
      `ALTER TABLE ${doubleQuoted(shadow)} ADD COLUMN ${column}`,
      this.#place(document),
    )
  }

  /** Names the document: SQLite names only the columns of the duplicate key. */
  #explained(error: unknown, batch: Batch): unknown {
    if (!(error instanceof VecError)) return error
    // The error that refused a row while the statement ran.
    if (error.cause instanceof InterchangeError) return error.cause
    if (error.code !== 'SQLITE_CONSTRAINT') return error
    const seen = new Map<string, number>()
    for (const document of documentsOf(batch)) {
      const dataset = this.#datasetOf(document)
      const key = JSON.stringify([dataset, document.id])
      const earlier = seen.get(key)
      seen.set(key, document.at)
      if (earlier === undefined && !this.#unfindable.has(dataset, document.id)) continue
      const where =
        earlier === undefined ? 'already exists' : `is already in ${this.#source.unit} ${earlier}`
      const place = this.#place(document)
      return new InterchangeError(
        `${placeText(place)}: the id '${document.id}' of dataset '${dataset}' ${where}`,
        { hint: CONFLICT_HINT, place, cause: error },
      )
    }
    return error
  }
}

const CONFLICT_HINT = `${optionText('onConflict', 'replace')} takes the new one, ${optionText('onConflict', 'merge')} completes the old one, ${optionText('onConflict', 'skip')} keeps the old one`

/** The columns of the documents in this file. Throws when the documents are in another file, or missing. */
function shadowColumns(db: Connection, { name, shadow }: TableDescription): string[] {
  using info = db.prepare("SELECT lower(name) FROM pragma_table_info(?, 'main')")
  const columns = info.pluck().all(shadow) as string[]
  if (columns.length > 0) return columns
  throw new VecError('VEC_SHADOW', `the documents of ${name} are not in this file`, {
    hint: `the dbpath of ${name} names the file with ${shadow}: import into that file`,
  })
}
