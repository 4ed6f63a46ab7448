import { argumentError } from '../core/argument-error.ts'
import { VecError } from '../core/errors.ts'
import type { Database } from '../database/database.ts'
import { eachRow, scalar } from '../database/query.ts'
import { DocumentColumns, lowerCase, type KeyColumn } from '../search/schema/document-columns.ts'
import { quoteName } from '../search/schema/names.ts'
import { SHADOW, SHADOW_COLUMNS } from '../search/schema/table-schema.ts'
import type { AttachOptions } from './attach-options.ts'

interface Column {
  /** The name in the table's declaration. */
  readonly name: string
  readonly type: string
  readonly generated: boolean
}

/** The columns of an ordinary table, by their roles in the options. */
export class ApplicationTable {
  readonly name: string
  readonly #db: Database
  readonly #columns = new Map<string, Column>()

  constructor(db: Database, name: string) {
    this.#db = db
    this.name = name
    eachRow(db, `SELECT name, type, hidden FROM pragma_table_xinfo(?, 'main')`, [name], row => {
      const column = { name: row.text(0), type: row.text(1), generated: row.number(2) > 1 }
      this.#columns.set(lowerCase(column.name), column)
    })
  }

  /** Throws VEC_SHADOW for a column that is missing or unsuitable. */
  documents(options: AttachOptions): DocumentColumns {
    const own = isOwn(options)
    const likeVec = SHADOW_COLUMNS.every(
      ({ required, stored }) => required !== true || this.#columns.has(stored),
    )
    const dataset = options.dataset ?? (!own && likeVec ? SHADOW.dataset.stored : undefined)
    const { metadata } = options
    if (metadata !== undefined && typeof metadata !== 'string' && !Array.isArray(metadata)) {
      throw argumentError('attach()', 'options.metadata', metadata, 'a column, or an array of them')
    }
    const meta =
      typeof metadata === 'string'
        ? this.#column('metadata', metadata)
        : this.#standard(own, SHADOW.meta.stored)
    const content =
      options.content === undefined
        ? this.#standard(own, SHADOW.content.stored)
        : this.#column('content', options.content)
    return new DocumentColumns({
      dataset: dataset === undefined ? undefined : this.#key('dataset', dataset),
      id: this.#key('id', options.id ?? SHADOW.id.stored),
      embedding: this.#column('embedding', options.embedding ?? SHADOW.embedding.stored).name,
      content: content?.name,
      meta: meta?.name,
      attributes: Array.isArray(metadata)
        ? metadata.map(name => this.#column('metadata', name).name)
        : [],
    })
  }

  /** Generated columns, which cannot be written. */
  get generated(): ReadonlySet<string> {
    const generated = [...this.#columns.values()].filter(column => column.generated)
    return new Set(generated.map(({ name }) => lowerCase(name)))
  }

  #standard(own: boolean, name: string): Column | undefined {
    return own ? undefined : this.#columns.get(name)
  }

  #column(option: string, name: unknown): Column {
    if (typeof name !== 'string') {
      throw argumentError('attach()', `options.${option}`, name, 'the name of a column')
    }
    const column = this.#columns.get(lowerCase(name))
    if (column) return column
    const there = Array.from(this.#columns.values(), known => known.name).join(', ')
    throw new VecError(
      'VEC_SHADOW',
      `attach(): ${this.name} lacks the column ${name}: it has ${there}`,
      { hint: `name the column for ${option}: attach(db, { table, ${option}: '...' })` },
    )
  }

  #key(option: string, name: string): KeyColumn {
    const column = this.#column(option, name)
    return { name: column.name, kind: this.#kindOf(column) }
  }

  /** The kind of a key column, by SQLite's rules for declared types. */
  #kindOf({ name, type }: Column): KeyColumn['kind'] {
    if (/INT/i.test(type)) return 'integer'
    if (/CHAR|CLOB|TEXT/i.test(type)) return 'text'
    if (type === '') {
      const sql = `SELECT typeof(${quoteName(name)}) FROM main.${quoteName(this.name)} LIMIT 1`
      return scalar(this.#db, sql) === 'integer' ? 'integer' : 'text'
    }
    if (!/BLOB|REAL|FLOA|DOUB|NUM|DEC|DATE|BOOL/i.test(type)) return 'text'
    throw new VecError(
      'VEC_SHADOW',
      `attach(): ${this.name}.${name} is ${type}, and keys are INTEGER or TEXT`,
      {
        hint: `add a column that names the rows: ALTER TABLE ${quoteName(this.name)} ADD COLUMN row_key TEXT AS (hex(${quoteName(name)})), with a unique index on it`,
      },
    )
  }
}

/** Whether the options name columns. */
export function isOwn({ id, embedding, dataset, content, metadata }: AttachOptions): boolean {
  return [id, embedding, dataset, content, metadata].some(option => option !== undefined)
}
