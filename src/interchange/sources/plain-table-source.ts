import { doubleQuoted } from '../../core/quote.ts'
import type { BindValue, SqlValue } from '../../database/values.ts'
import type { Connection } from '../../sqlite/connection.ts'
import type { Statement } from '../../sqlite/statement.ts'
import { EXTRAS, placeOf, type Document, type Extra } from '../document.ts'
import { sourceError } from '../interchange-error.ts'
import type { RecordMapper } from './record-mapper.ts'
import { TableSource } from './table-source.ts'

const PORTION = 1000

/** The columns that identify the rows of a table, in the order of an index. */
export interface TableKey {
  /** Names for SQL, quoted if necessary. */
  readonly columns: readonly string[]
  readonly isRowid: boolean
}

/** A name that no column has. The rowid under this name serves as the id if there is no other. */
export const ROWID = 'rowid!'

/** The rows of an ordinary table. Its columns are the fields of documents. */
export class PlainTableSource extends TableSource {
  readonly unit = 'row'
  readonly metric = undefined
  readonly carries: readonly Extra[] = EXTRAS
  readonly total: number
  readonly #mapper: RecordMapper
  readonly #names: readonly string[]
  readonly #keys: number
  readonly #first: Statement
  readonly #next: Statement
  readonly #byRowid: boolean

  /** `byRowid`: the ids are rowids, since the table lacks any other id. */
  constructor(
    db: Connection,
    file: string,
    table: string,
    columns: readonly string[],
    key: TableKey,
    mapper: RecordMapper,
    byRowid: boolean,
  ) {
    super(db, file, table)
    this.#mapper = mapper
    this.#names = columns
    this.#keys = key.columns.length
    this.#byRowid = byRowid
    const from = `main.${doubleQuoted(table)}`
    const keys = key.columns.join(', ')
    const selected = [...key.columns, ...columns.map(doubleQuoted)].join(', ')
    const portion = (condition: string): Statement =>
      db
        .prepare(`SELECT ${selected} FROM ${from} ${condition} ORDER BY ${keys} LIMIT ${PORTION}`)
        .raw()
    this.total = db.prepare(`SELECT count(*) FROM ${from}`).pluck().get() as number
    // Portions by key hold no lock between them: the import may write to the same file.
    this.#first = portion('')
    this.#next = portion(`WHERE (${keys}) > (${key.columns.map(() => '?').join(', ')})`)
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    let rows = this.#first.all() as SqlValue[][]
    while (rows.length > 0) {
      const documents = rows.map(row => {
        return this.#mapper.map(this.#record(row), placeOf(this, ++this.done))
      })
      yield documents
      const last: BindValue[] = rows[rows.length - 1].slice(0, this.#keys)
      rows = this.#next.all(...last) as SqlValue[][]
    }
  }

  override doubt(): Error | undefined {
    return this.#mapper.doubt(this.name)
  }

  override notes(): readonly string[] {
    const notes = this.#mapper.notes()
    return this.#byRowid ? ['there is no id column: the rowids are the ids', ...notes] : notes
  }

  #record(row: readonly SqlValue[]): Record<string, unknown> {
    const fields = this.#names.map((name, i) => [name, row[this.#keys + i]] as const)
    return Object.fromEntries(this.#byRowid ? [[ROWID, row[0]], ...fields] : fields)
  }
}

/** The key of a table: its rowid, or the primary key of a table WITHOUT ROWID. */
export function tableKey(db: Connection, table: string): TableKey {
  const list = db.prepare(`SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'`).pluck()
  const withoutRowid = list.get(table) === 1
  list.finalize()
  const info = db.prepare('SELECT name, pk FROM pragma_table_xinfo(?)').raw()
  const columns = info.all(table) as [string, number][]
  info.finalize()
  if (withoutRowid) {
    const key = columns.filter(([, pk]) => pk > 0).toSorted(([, a], [, b]) => a - b)
    return { columns: key.map(([name]) => doubleQuoted(name)), isRowid: false }
  }
  const taken = new Set(columns.map(([name]) => name.toLowerCase()))
  const rowid = ['rowid', '_rowid_', 'oid'].find(name => !taken.has(name))
  if (rowid === undefined) {
    throw sourceError(
      `${table} has columns with all names of the rowid, so its rows cannot be told apart`,
      'copy it: CREATE TABLE other AS SELECT ... with other names',
    )
  }
  return { columns: [rowid], isRowid: true }
}
