import { insertMany, VecError, type BindValue, type Connection } from '../entries/main.ts'
import { DimensionRule } from '../entries/vec.ts'
import { documentsOf, lengthOf, type Batch } from './batches.ts'
import { CliError, inputError } from './cli-error.ts'
import { notFiniteAt } from './finite.ts'
import { MergeWriter } from './merge-writer.ts'
import { MetaText } from './meta-text.ts'
import { placeOf, type Document, type DocumentSource, type Extra } from './sources/document.ts'
import { quoteName } from './sql-names.ts'
import { Unfindable, type Reason, type UnfindableCounts } from './unfindable.ts'
import { vecMetric } from './vec-metric.ts'
import type { VecTable } from './vec-tables.ts'

export type OnConflict = 'error' | 'replace' | 'skip' | 'merge'

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
  archived: document => (document.archived === undefined ? null : Number(document.archived)),
}

const CONFLICTS = { error: 'abort', replace: 'replace', skip: 'ignore' } as const

/** Writes documents into the shadow table of a vec table, batch by batch: each is one transaction. */
export class Importer {
  readonly #db: Connection
  readonly #target: ImportTarget
  readonly #source: Pick<DocumentSource, 'name' | 'unit' | 'carries'>
  /** What the documents may say, and the table has a column for. */
  readonly #present: readonly Extra[]
  readonly #absent: readonly Extra[]
  /** One for each column that is present. */
  readonly #readers: readonly ((document: Document) => BindValue)[]
  readonly #dims = new Map<string, number>()
  readonly #rule: DimensionRule
  readonly #meta: MetaText
  readonly #unfindable: Unfindable
  readonly #merge: MergeWriter
  readonly #rowsBefore: number
  /** Documents in the file now that were not before, or were replaced or completed. */
  written = 0
  /** Left out, as they were there already. */
  skipped = 0
  /** Of those written: completed what was there. */
  merged = 0

  constructor(
    db: Connection,
    target: ImportTarget,
    source: Pick<DocumentSource, 'name' | 'unit' | 'carries'>,
  ) {
    const { name, shadow } = target.table
    this.#db = db
    this.#target = target
    this.#source = source
    const info = db.prepare('SELECT name FROM pragma_table_info(?)').pluck()
    const columns = new Set((info.all(shadow) as string[]).map(n => n.toLowerCase()))
    info.finalize()
    if (columns.size === 0) {
      throw new CliError('CLI_FILE', `the documents of ${name} are not in this file`, {
        hint: `${name} names the file that has ${shadow} (dbpath): import into that file`,
      })
    }
    const extras = new Set(source.carries)
    if (target.model !== undefined) extras.add('embedding_model')
    this.#present = [...extras].filter(column => columns.has(column))
    this.#absent = [...extras].filter(column => !columns.has(column))
    this.#rule = new DimensionRule(db, name)
    this.#meta = new MetaText(db)
    this.#readers = this.#present.map(column => this.#readerOf(column))
    this.#unfindable = new Unfindable(db, shadow, columns, {
      cosine: vecMetric(db, name) === 'cosine',
      archivedCounts: this.#rule.archivedCounts,
    })
    this.#merge = new MergeWriter(db, shadow, ['dataset_id', 'id', 'embedding', ...this.#present])
    this.#rowsBefore = target.onConflict === 'replace' ? this.#rows() : 0
  }

  /** Dimensions by dataset, of those that got vectors. */
  get dims(): ReadonlyMap<string, number> {
    return this.#dims
  }

  /** Metadata that was no JSON, and is a JSON string now. */
  get wrapped(): number {
    return this.#meta.wrapped
  }

  /** Of those written: stand in the place of others of the same id. Asked at the end. */
  get replaced(): number {
    if (this.#target.onConflict !== 'replace') return 0
    return Math.max(0, this.written - (this.#rows() - this.#rowsBefore))
  }

  /** Of those written: no search finds them. Asked at the end. */
  unfindable(): UnfindableCounts {
    return this.#unfindable.counts()
  }

  /** All of the batch, or none. */
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
    const columns = ['dataset_id', 'id', 'embedding', ...this.#present]
    const archived = columns.indexOf('archived')
    const rows = function* (this: Importer): Generator<readonly BindValue[]> {
      for (const document of documentsOf(batch)) {
        const row = this.#row(document)
        // What is not said is the default of the column.
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
        // It may stay archived, whatever else it says.
        if (completed.archived) {
          this.#unfindable.countLater('archived', this.#datasetOf(document), document.id)
        }
      }
    })()
    this.written += lengthOf(batch)
    this.merged += merged
  }

  /** Checks a document; its values stand in the order of the columns. */
  #row(document: Document): BindValue[] {
    for (const column of this.#absent) this.#requireEmpty(document, column)
    const dataset = this.#datasetOf(document)
    this.#checkEmbedding(document, dataset)
    this.#countUnfindable(document, dataset)
    const row: BindValue[] = [dataset, document.id, document.embedding]
    for (const read of this.#readers) row.push(read(document))
    return row
  }

  #readerOf(column: Extra): (document: Document) => BindValue {
    const { model } = this.#target
    if (column === 'embedding_model' && model !== undefined) return () => model
    if (column !== 'meta') return READ[column]
    return document => this.#meta.of(document.meta, () => this.#place(document))
  }

  #datasetOf(document: Document): string {
    const { dataset, forceDataset } = this.#target
    return forceDataset ? dataset : (document.dataset ?? dataset)
  }

  /** A row of another dimension would be stored, and then never found. */
  #checkEmbedding(document: Document, dataset: string): void {
    const { embedding, id } = document
    if (embedding === null) return
    if (embedding.length % 4 !== 0 || embedding.length === 0) {
      throw inputError(
        `${this.#place(document)}: the embedding of '${id}' has ${embedding.length} bytes: float32 has four for each number`,
        'is it another field, or another type of numbers?',
      )
    }
    const at = notFiniteAt(embedding)
    if (at >= 0) {
      throw inputError(
        `${this.#place(document)}: number ${at} of the embedding of '${id}' is NaN or infinite`,
        'such a document would never be found',
      )
    }
    // No search looks at it.
    if (document.archived === true && !this.#rule.archivedCounts) return
    const dim = embedding.length / 4
    const required = this.#requiredDimension(dataset, dim, id)
    if (dim === required) return
    throw new CliError(
      'CLI_INPUT',
      `${this.#place(document)}: the embedding of '${id}' has ${dim} dimensions, those of dataset '${dataset}' have ${required}`,
      { hint: 'one dataset holds vectors of one model: import into another with --dataset' },
    )
  }

  /** Rows that this import has given to SQLite may not be in the table yet: the first one decides for them. */
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

  #place(document: Document): string {
    return placeOf(this.#source, document.at)
  }

  #rows(): number {
    const table = quoteName(this.#target.table.shadow)
    const count = this.#db.prepare(`SELECT count(*) FROM main.${table}`).pluck()
    try {
      return Number(count.get())
    } finally {
      count.finalize()
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
    for (const document of documentsOf(batch)) {
      const dataset = this.#datasetOf(document)
      const key = JSON.stringify([dataset, document.id])
      const earlier = seen.get(key)
      seen.set(key, document.at)
      if (earlier === undefined && !this.#unfindable.has(dataset, document.id)) continue
      const where =
        earlier === undefined
          ? 'is there already'
          : `stood in ${this.#source.unit} ${earlier} already`
      return new CliError(
        'CLI_INPUT',
        `${this.#place(document)}: the id '${document.id}' of dataset '${dataset}' ${where}`,
        {
          hint: '--on-conflict replace takes the new one, merge completes the old one with it, skip keeps the old one',
          cause: error,
        },
      )
    }
    return error
  }
}
