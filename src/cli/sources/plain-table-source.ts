import type { BindValue, Connection, SqlValue, Statement } from '../../entries/main.ts'
import { inputError } from '../cli-error.ts'
import { quoteName } from '../sql-names.ts'
import { placeOf, type Document, type DocumentSource, type Extra } from './document.ts'
import { RECORD_EXTRAS, type RecordMapper } from './record-mapper.ts'

const PORTION = 1000

/** What rows of a table are told apart by, in an order that an index has. */
export interface TableKey {
  /** Names for SQL, in quotes where they need them. */
  readonly columns: readonly string[]
  readonly isRowid: boolean
}

/** A name that no column has: the rowid under it is an id when nothing else is. */
export const ROWID = 'rowid!'

/** The rows of an ordinary table; its columns are the fields of documents. */
export class PlainTableSource implements DocumentSource {
  readonly unit = 'row'
  readonly metric = undefined
  readonly carries: readonly Extra[] = RECORD_EXTRAS
  readonly name: string
  readonly total: number
  done = 0
  readonly #db: Connection
  readonly #mapper: RecordMapper
  readonly #names: readonly string[]
  readonly #keys: number
  readonly #first: Statement
  readonly #next: Statement
  readonly #byRowid: boolean

  /** `byRowid`: the ids are rowids, as the table has nothing else. */
  constructor(
    db: Connection,
    file: string,
    table: string,
    columns: readonly string[],
    key: TableKey,
    mapper: RecordMapper,
    byRowid: boolean,
  ) {
    this.name = `${file}, table ${table}`
    this.#db = db
    this.#mapper = mapper
    this.#names = columns
    this.#keys = key.columns.length
    this.#byRowid = byRowid
    const from = `main.${quoteName(table)}`
    const keys = key.columns.join(', ')
    const selected = [...key.columns, ...columns.map(quoteName)].join(', ')
    const portion = (condition: string): Statement =>
      db
        .prepare(`SELECT ${selected} FROM ${from} ${condition} ORDER BY ${keys} LIMIT ${PORTION}`)
        .raw()
    this.total = db.prepare(`SELECT count(*) FROM ${from}`).pluck().get() as number
    // Portions by key hold no lock between them: the file may be the one that is written.
    this.#first = portion('')
    this.#next = portion(`WHERE (${keys}) > (${key.columns.map(() => '?').join(', ')})`)
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    let rows = this.#first.all() as SqlValue[][]
    while (rows.length > 0) {
      const documents = rows.map(row => {
        const at = ++this.done
        return this.#mapper.map(this.#record(row), at, placeOf(this, at))
      })
      yield documents
      const last: BindValue[] = rows[rows.length - 1].slice(0, this.#keys)
      rows = this.#next.all(...last) as SqlValue[][]
    }
  }

  doubt(): Error | undefined {
    return this.#mapper.doubt(this.name)
  }

  notes(): readonly string[] {
    const notes = this.#mapper.notes()
    return this.#byRowid
      ? ['the table has no column for ids: its rowids are the ids', ...notes]
      : notes
  }

  close(): void {
    this.#db.close()
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
    return { columns: key.map(([name]) => quoteName(name)), isRowid: false }
  }
  const taken = new Set(columns.map(([name]) => name.toLowerCase()))
  const rowid = ['rowid', '_rowid_', 'oid'].find(name => !taken.has(name))
  if (rowid === undefined) {
    throw inputError(
      `${table} has columns with all names of the rowid: its rows cannot be told apart`,
      'copy it: CREATE TABLE other AS SELECT ... with other names',
    )
  }
  return { columns: [rowid], isRowid: true }
}
