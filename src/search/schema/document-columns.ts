import { doubleQuoted } from '../../core/quote.ts'
import { quoteText } from './names.ts'
import { SHADOW } from './table-schema.ts'

/** A column whose values identify datasets or documents. Search itself handles each as text: that of 7 is '7'. */
export interface KeyColumn {
  readonly name: string
  readonly kind: 'text' | 'integer'
}

/** The columns of a table, by their roles. */
export interface ColumnRoles {
  /** Undefined if all rows belong to one dataset, with the name ''. */
  readonly dataset: KeyColumn | undefined
  readonly id: KeyColumn
  readonly embedding: string
  readonly content?: string | undefined
  /** JSON text, whose fields filters read. */
  readonly meta?: string | undefined
  /** Further columns that filters read. */
  readonly attributes?: readonly string[]
}

/**
 * The columns with the documents of a table, in SQL: those of every shadow table, or those of an application's own
 * table. In conditions, ?1 is the dataset and ?2 the id, both as text.
 */
export class DocumentColumns {
  readonly roles: ColumnRoles
  /** Whether the columns are those of every shadow table. */
  readonly standard: boolean
  /** The id as text; NULL for a row without an id. */
  readonly id: string
  /** The column of the id. */
  readonly idColumn: string
  readonly embedding: string
  /** The column with JSON text. */
  readonly meta: string | undefined
  /** Whether a row has an id. */
  readonly named: string
  /** The rows of dataset ?1, through an index on the key, whatever the column's collation. */
  readonly ofDataset: string
  /** The rows of dataset ?1 without any index, so that the table is read in file order. */
  readonly inFileOrder: string
  /** The row of dataset ?1 and id ?2. */
  readonly ofKey: string

  constructor(roles: ColumnRoles) {
    this.roles = roles
    const { dataset, id } = roles
    this.standard =
      dataset?.name === SHADOW.dataset.stored &&
      dataset.kind === 'text' &&
      id.name === SHADOW.id.stored &&
      id.kind === 'text' &&
      roles.embedding === SHADOW.embedding.stored
    this.idColumn = this.#sql(id.name)
    this.embedding = this.#sql(roles.embedding)
    this.meta = roles.meta === undefined ? undefined : this.#sql(roles.meta)
    this.named = `typeof(${this.idColumn}) = '${id.kind}'`
    this.id = id.kind === 'text' ? this.idColumn : textOf(this.idColumn)
    this.ofDataset = dataset ? equals(this.#sql(dataset.name), dataset.kind, '?1') : `?1 = ''`
    this.inFileOrder = dataset
      ? notIndexed(this.#sql(dataset.name), dataset.kind, '?1')
      : this.ofDataset
    this.ofKey = `${this.ofDataset} AND ${equals(this.idColumn, id.kind, '?2')}`
  }

  /** The column in SQL. Those of a shadow table are unquoted, as in the triggers of all versions. */
  #sql(name: string): string {
    return this.standard ? name : doubleQuoted(name)
  }

  /** The name by which the journal, the triggers and saved indexes identify the documents of a table. */
  keyOf(table: string): string {
    if (this.standard) return table
    const names = [...this.key, this.roles.embedding]
    return `${table}(${names.map(name => (/^\w+$/.test(name) ? name : doubleQuoted(name))).join(', ')})`
  }

  /** The columns that together identify a document. */
  get key(): string[] {
    const { dataset, id } = this.roles
    return dataset ? [dataset.name, id.name] : [id.name]
  }

  /** The required columns, in lower case. */
  get required(): string[] {
    return [...this.key, this.roles.embedding].map(lowerCase)
  }

  /** The columns that filters read, in lower case. */
  get filtered(): string[] {
    const { meta, attributes = [] } = this.roles
    return [...(meta === undefined ? [] : [meta]), ...attributes].map(lowerCase)
  }

  /** The key of a trigger's row. */
  logged(row: 'OLD' | 'NEW'): string {
    const { dataset } = this.roles
    const name = dataset ? `${row}.${this.#sql(dataset.name)}` : `''`
    return `${name}, ${row}.${this.idColumn}`
  }

  /** Whether the key of a row has changed. */
  keyDiffers(differs: (column: string) => string): string {
    return this.key.map(differs).join(' OR ')
  }

  /** The condition for rows of a dataset, with its name in the text; undefined if all rows match. */
  datasetIs(dataset: string): string | undefined {
    const column = this.roles.dataset
    if (!column) return undefined
    const value = column.kind === 'integer' ? dataset : quoteText(dataset)
    return `${this.#sql(column.name)} = ${value}`
  }

  /** A SELECT of all datasets of a table. */
  datasets(table: string): string {
    const column = this.roles.dataset
    if (!column) return `SELECT ''`
    const name = this.#sql(column.name)
    if (column.kind === 'integer') {
      return `SELECT CAST(d AS TEXT) FROM (SELECT DISTINCT ${name} AS d FROM ${table} WHERE typeof(${name}) = 'integer') ORDER BY d`
    }
    // One step in the key for each dataset.
    const next = (condition: string): string =>
      `(SELECT ${name} FROM ${table} WHERE ${name} COLLATE BINARY ${condition} ORDER BY ${name} COLLATE BINARY LIMIT 1)`
    return `WITH RECURSIVE d(id) AS (
       SELECT ${next(">= ''")} UNION ALL SELECT ${next('> d.id')} FROM d WHERE typeof(d.id) = 'text')
     SELECT id FROM d WHERE typeof(id) = 'text'`
  }

  /** The condition for rows whose dataset no search can name; undefined if that is impossible. */
  get unnamedDataset(): string | undefined {
    const column = this.roles.dataset
    if (!column) return undefined
    const name = this.#sql(column.name)
    const blank = column.kind === 'text' ? ` OR trim(${name}) = ''` : ''
    return `typeof(${name}) <> '${column.kind}'${blank}`
  }

  /** Whether a row of the table, under an alias, belongs to a dataset. */
  belongsTo(alias: string, dataset: string): string {
    const column = this.roles.dataset
    if (!column) return `${dataset} = ''`
    const name = `${alias}.${this.#sql(column.name)}`
    return column.kind === 'integer'
      ? `${name} = CAST(${dataset} AS INTEGER)`
      : `${name} = ${dataset} COLLATE BINARY`
  }
}

function equals(column: string, kind: KeyColumn['kind'], value: string): string {
  if (kind === 'integer') return `${column} = CAST(${value} AS INTEGER)`
  return `${column} = ${value} AND ${column} = ${value} COLLATE BINARY`
}

/** Unary plus keeps SQLite from using an index. */
function notIndexed(column: string, kind: KeyColumn['kind'], value: string): string {
  if (kind === 'integer') return `+${column} = CAST(${value} AS INTEGER)`
  return `+${column} = ${value} COLLATE BINARY`
}

function textOf(column: string): string {
  return `CASE typeof(${column}) WHEN 'integer' THEN CAST(${column} AS TEXT) END`
}

/** Lower case as SQLite compares names: only for ASCII letters. */
export function lowerCase(name: string): string {
  return name.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

/** The columns of every shadow table. */
export const SHADOW_DOCUMENTS: DocumentColumns = new DocumentColumns({
  dataset: { name: SHADOW.dataset.stored, kind: 'text' },
  id: { name: SHADOW.id.stored, kind: 'text' },
  embedding: SHADOW.embedding.stored,
  content: SHADOW.content.stored,
  meta: SHADOW.meta.stored,
})
