import { F32, type EmbeddingType } from '../../core/embedding-type.ts'
import { doubleQuoted } from '../../core/quote.ts'
import type { SqlValue } from '../../database/values.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { storedType } from '../../search/schema/stored-type.ts'
import { float32Bytes } from '../../search/schema/stored-vector.ts'
import type { Connection } from '../../sqlite/connection.ts'
import type { Statement } from '../../sqlite/statement.ts'
import type { DeclaredColumn } from '../../tables/describe-table.ts'
import { EXTRAS, type Document, type Extra } from '../document.ts'
import { TableSource } from './table-source.ts'

const PORTION = 1000
const REQUIRED = [COLUMN.dataset, COLUMN.id, COLUMN.embedding]

/** Whether a table has the columns of documents, under our names. */
export function holdsDocuments(columns: readonly string[]): boolean {
  const present = new Set(columns.map(name => name.toLowerCase()))
  return REQUIRED.every(name => present.has(name))
}

/** The documents of a vec table, of ours or of the original's, read from its shadow table. */
export class ShadowSource extends TableSource {
  readonly unit = 'row'
  readonly metric: string | undefined
  readonly carries: readonly Extra[]
  readonly total: number
  readonly #first: Statement
  readonly #next: Statement
  readonly #columns: readonly string[]
  readonly #declared: readonly DeclaredColumn[]
  readonly #type: EmbeddingType

  /** `declared`: the columns of the target that are taken from columns of the same names. */
  constructor(
    db: Connection,
    file: string,
    table: string,
    columns: readonly string[],
    metric: string | undefined,
    declared: readonly DeclaredColumn[],
  ) {
    super(db, file, table)
    this.metric = metric
    this.#type = storedType(db, table)
    const present = new Set(columns.map(name => name.toLowerCase()))
    this.carries = EXTRAS.filter(name => present.has(name))
    this.#columns = [...REQUIRED, ...this.carries]
    this.#declared = declared
    const values = declared.map(({ name }) =>
      present.has(name.toLowerCase()) ? doubleQuoted(name) : 'NULL',
    )
    const from = `main.${doubleQuoted(table)}`
    this.total = db.prepare(`SELECT count(*) FROM ${from}`).pluck().get() as number
    const portion = (condition: string): Statement =>
      db
        .prepare(
          `SELECT ${[...this.#columns, ...values].join(', ')} FROM ${from} ${condition}
           ORDER BY ${COLUMN.dataset}, ${COLUMN.id} LIMIT ${PORTION}`,
        )
        .raw()
    // Portions by key hold no lock between them: the import may write to the same file.
    this.#first = portion('')
    this.#next = portion(`WHERE (${COLUMN.dataset}, ${COLUMN.id}) > (?, ?)`)
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    let rows = this.#first.all() as SqlValue[][]
    while (rows.length > 0) {
      const from = this.done
      this.done += rows.length
      yield rows.map((row, i) => this.#document(row, from + i + 1))
      const [dataset, id] = rows[rows.length - 1]
      rows = this.#next.all(dataset, id) as SqlValue[][]
    }
  }

  /** Bytes that are not a vector are left to the importer, which refuses them. */
  #float32(stored: Uint8Array): Uint8Array {
    const type = this.#type
    if (type === F32 || stored.length % type.bytes !== 0) return stored
    return float32Bytes(type, stored).slice()
  }

  #document(row: readonly SqlValue[], at: number): Document {
    const value = (name: string): SqlValue => {
      const i = this.#columns.indexOf(name)
      return i < 0 ? null : row[i]
    }
    const embedding = value(COLUMN.embedding)
    return {
      dataset: textOf(value(COLUMN.dataset)) ?? '',
      id: textOf(value(COLUMN.id)) ?? '',
      // Some programs write an empty blob for a document without an embedding.
      embedding:
        embedding instanceof Uint8Array && embedding.length > 0 ? this.#float32(embedding) : null,
      content: textOf(value(COLUMN.content)),
      meta: textOf(value(COLUMN.meta)),
      model: textOf(value(COLUMN.model)),
      archived: value(COLUMN.archived) === null ? undefined : Number(value(COLUMN.archived)) !== 0,
      columns: this.#declared.map((_, i) => row[this.#columns.length + i]),
      at,
    }
  }
}

function textOf(value: SqlValue): string | null {
  if (value === null) return null
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value)
}
