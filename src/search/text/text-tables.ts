import { Utf8 } from '../../core/utf8.ts'
import type { SqlValue } from '../../database/values.ts'
import type { DocumentKey, LogPosition } from '../journal/journal.ts'
import { COLUMN } from '../schema/columns.ts'
import {
  createStatement,
  storedSql,
  storedText,
  type SchemaObject,
  TEXT_STATE,
} from '../schema/layout.ts'
import { OF_KEY, quoteName, textTableName } from '../schema/names.ts'
import { countOf } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { Shape } from '../schema/shape.ts'
import type { TextSpec } from '../schema/text-spec.ts'
import { enterTexts } from './enter-texts.ts'
import { documentsName, textObjects } from './text-layout.ts'

/**
 * The range of numbers of a dataset's documents. The numbers of a dataset are between two multiples of this, so that
 * FTS5 finds a dataset by a range of rowids. It is a power of two, and 2^21 datasets of that size stay below 2^53.
 */
const DATASET_SIZE: number = 2 ** 32

/** Catching up with more rows than this share of the documents takes longer than filling the index again. */
const MOST_CHANGES = 1 / 3
const FEWEST_CHANGES = 1000

/** The numbers between which those of a dataset's documents lie. */
export type DocidRange = readonly [low: number, high: number]

/** What a text index covers. */
export interface TextState extends LogPosition {
  /** The number of documents, including hidden ones. */
  readonly documents: number
  /** Rows with a dataset or id that is not text. */
  readonly others: number
}

/** The changes to the FTS5 table when it catches up. */
interface Changed {
  /** The numbers of documents that no longer exist, or are hidden. */
  readonly removed: number[]
  readonly written: number[]
  /** The growth of the number of documents. */
  added: number
  /** Whether a key without a document also lacks a row: the row may have an id that is not text. */
  unknown: boolean
}

/**
 * A text index: an FTS5 table without content, and a table that numbers the documents. These numbers are not the rowids
 * of the shadow table, which VACUUM and REPLACE change. The index is in the file of the shadow table, or in `temp` if
 * that file cannot be written.
 */
export class TextTables {
  readonly #shadow: ShadowTable
  readonly #spec: TextSpec
  readonly schema: string
  /** The name of the FTS5 table. */
  readonly name: string
  readonly #recipe: string
  /** The schema in which the file's tables were found word for word. */
  #installedIn: Shape | undefined

  constructor(shadow: ShadowTable, spec: TextSpec, place: 'file' | 'temp') {
    this.#shadow = shadow
    this.#spec = spec
    const own = textTableName(shadow.name)
    this.schema = place === 'file' ? shadow.schema : 'temp'
    this.name = place === 'file' ? own : `${own} of ${shadow.schema}`
    this.#recipe = JSON.stringify([2, spec.columns, spec.tokenizer, shadow.includeArchived])
  }

  /** The FTS5 table in SQL. */
  get fts(): string {
    return `${quoteName(this.schema)}.${quoteName(this.name)}`
  }

  /** SQL: the condition under which FTS5 finds a document. */
  get match(): string {
    return `${quoteName(this.name)} MATCH ?`
  }

  /** The table of documents in SQL. */
  get documents(): string {
    return `${quoteName(this.schema)}.${quoteName(documentsName(this.name))}`
  }

  /** Whether all tables exist, word for word. */
  get isInstalled(): boolean {
    const { db, schema } = this.#shadow
    // Its version is that of the file: temp has one of its own.
    const shape = this.schema === schema ? this.#shadow.refresh() : undefined
    if (shape && shape === this.#installedIn) return true
    const installed = this.#objects.every(
      object => storedSql(db, this.schema, object.name) === storedText(object),
    )
    this.#installedIn = installed ? shape : undefined
    return installed
  }

  /** Creates the missing tables. Tables with a different text must be dropped before. */
  install(): void {
    const { db } = this.#shadow
    for (const object of this.#objects) db.exec(createStatement(this.schema, object))
  }

  drop(): void {
    const { db } = this.#shadow
    db.exec(`DROP TABLE IF EXISTS ${this.fts}; DROP TABLE IF EXISTS ${this.documents}`)
    if (storedSql(db, this.schema, TEXT_STATE) !== undefined) this.forget()
  }

  /** Entries of the journal have the table's old name, so the covered position is reset. */
  rename(name: string): void {
    const { db } = this.#shadow
    this.forget()
    db.exec(`ALTER TABLE ${this.fts} RENAME TO ${quoteName(name)}`)
    db.exec(`ALTER TABLE ${this.documents} RENAME TO ${quoteName(documentsName(name))}`)
  }

  /** Undefined if it covers nothing, or has another specification. */
  state(): TextState | undefined {
    return this.#shadow.first(
      `SELECT epoch, seq, tag, documents, others FROM ${this.#state} WHERE text_table = ? AND recipe = ?`,
      [this.name, this.#recipe],
      row => ({
        epoch: row.number(0),
        seq: row.number(1),
        tag: row.bigint(2),
        documents: row.number(3),
        others: row.number(4),
      }),
    )
  }

  /** Resets the covered position: from here on it covers nothing. */
  forget(): void {
    this.#run(`DELETE FROM ${this.#state} WHERE text_table = ?`, this.name)
  }

  /** Fills it with all rows. */
  fill(position: LogPosition): void {
    const { rowid } = this.#shadow.refresh()
    this.forget()
    this.clear()
    const order = rowid ?? COLUMN.id
    this.#run(
      `INSERT INTO ${this.documents}(docid, dataset, id, hidden)
       SELECT dense_rank() OVER (ORDER BY ${COLUMN.dataset} COLLATE BINARY) * ${DATASET_SIZE}
         + row_number() OVER (PARTITION BY ${COLUMN.dataset} COLLATE BINARY ORDER BY ${order}),
         ${COLUMN.dataset}, ${COLUMN.id}, NOT (1 ${this.#shadow.visible})
       FROM {table} WHERE ${IS_DOCUMENT}`,
    )
    this.#enter('INSERT', 'r.hidden = 0')
    this.#run(`INSERT INTO ${this.fts}(${quoteName(this.name)}) VALUES ('optimize')`)
    const documents = this.entered()
    this.#cover(position, documents, this.#total() - documents)
  }

  /** Removes all documents. */
  clear(): void {
    this.#run(`INSERT INTO ${this.fts}(${quoteName(this.name)}) VALUES ('delete-all')`)
    this.#run(`DELETE FROM ${this.documents}`)
  }

  /** The number of changed rows up to which catching up is worth it. */
  mostChanges(state: TextState): number {
    return Math.max(FEWEST_CHANGES, Math.floor(state.documents * MOST_CHANGES))
  }

  /** Updates it to the current rows of these keys. */
  apply(keys: readonly DocumentKey[], state: TextState, position: LogPosition): void {
    this.forget()
    const changed: Changed = { removed: [], written: [], added: 0, unknown: false }
    const numbers = new Map<string, number>()
    for (const key of keys) this.#note(key, numbers, changed)
    this.#delete(this.fts, 'rowid', changed.removed)
    if (changed.written.length > 0) {
      const written = JSON.stringify(changed.written)
      this.#enter('INSERT OR REPLACE', 'r.docid IN (SELECT value FROM json_each(?1))', written)
    }
    const documents = state.documents + changed.added
    const total = this.#total()
    // REPLACE through another key than (dataset_id, id) leaves no entry for the row that it deletes.
    const counted = !changed.unknown && total - documents === state.others
    const present = counted ? documents : this.present()
    if (present !== documents) this.#removeOrphans()
    this.#cover(position, present, total - present)
  }

  /** Copies the contents of another index with the same specification, right after both tables were created. */
  copy(from: TextTables, state: TextState): void {
    this.forget()
    for (const part of ['data', 'idx', 'docsize']) {
      const [to, source] = [this, from].map(
        ({ schema, name }) => `${quoteName(schema)}.${quoteName(`${name}_${part}`)}`,
      )
      this.#run(`DELETE FROM ${to}`)
      this.#run(`INSERT INTO ${to} SELECT * FROM ${source}`)
    }
    this.#run(`INSERT INTO ${this.documents} SELECT * FROM ${from.documents}`)
    this.#cover(state, state.documents, state.others)
  }

  /** Deletes the documents whose rows no longer exist. */
  removeOrphans(): void {
    const state = this.state()
    if (!state) return
    const orphans = this.#removeOrphans()
    this.#cover(state, state.documents - orphans, state.others)
  }

  /** The number of documents without a row. */
  orphans(): number {
    return this.#orphans().length
  }

  /** The number of documents in the table. */
  entered(): number {
    return countOf(this.#shadow, `SELECT count(*) FROM ${this.documents}`, [])
  }

  /** The number of rows that count as documents. */
  present(): number {
    return countOf(this.#shadow, `SELECT count(*) FROM {table} WHERE ${IS_DOCUMENT}`, [])
  }

  /** The range of the numbers of a dataset's documents; undefined without documents. */
  rangeOf(dataset: string): DocidRange | undefined {
    const low = this.#baseOf(dataset)
    return low === undefined ? undefined : [low, low + DATASET_SIZE - 1]
  }

  get #objects(): readonly SchemaObject[] {
    return textObjects(this.name, this.#spec)
  }

  get #state(): string {
    return `${quoteName(this.schema)}.${TEXT_STATE}`
  }

  #total(): number {
    return countOf(this.#shadow, 'SELECT count(*) FROM {table}', [])
  }

  /** Enters the texts of the documents r that a condition selects; its parameters are numbered. */
  #enter(insert: string, selected: string, ...parameters: string[]): void {
    enterTexts(this.#shadow, this.#spec, {
      into: `${insert} INTO ${this.fts}`,
      from: `${this.documents} r CROSS JOIN {table} d ON ${ROW_OF} WHERE ${selected}`,
      parameters,
    })
  }

  #run(sql: string, ...parameters: (SqlValue | Utf8)[]): void {
    this.#shadow.run(sql, parameters)
  }

  /** Compares a key's document with its row, and adds the document under a number if the row is new. */
  #note({ dataset, id }: DocumentKey, numbers: Map<string, number>, to: Changed): void {
    const key = [new Utf8(dataset), new Utf8(id)]
    const known = this.#shadow.first(
      `SELECT docid, hidden FROM ${this.documents} WHERE dataset = ? AND id = ?`,
      key,
      row => ({ docid: row.number(0), hidden: row.number(1) }),
    )
    const hidden = this.#shadow.first(
      `SELECT NOT (1 ${this.#shadow.visible}) FROM {table} WHERE ${OF_KEY} AND ${IS_DOCUMENT}`,
      key,
      row => row.number(0),
    )
    if (hidden === undefined && !known) {
      to.unknown = true
      return
    }
    const docid = known?.docid ?? this.#nextNumber(dataset, numbers)
    if (hidden === 0) to.written.push(docid)
    else if (known?.hidden === 0) to.removed.push(docid)
    if (hidden === undefined) {
      this.#run(`DELETE FROM ${this.documents} WHERE docid = ?`, docid)
      to.added--
    } else if (!known) {
      this.#run(`INSERT INTO ${this.documents} VALUES (?, ?, ?, ?)`, docid, ...key, hidden)
      to.added++
    } else if (hidden !== known.hidden) {
      this.#run(`UPDATE ${this.documents} SET hidden = ? WHERE docid = ?`, hidden, docid)
    }
  }

  #nextNumber(dataset: Uint8Array, numbers: Map<string, number>): number {
    const name = String(new Utf8(dataset))
    let next = numbers.get(name)
    if (next === undefined) {
      const low = this.#baseOf(name) ?? this.#newBase()
      const last = countOf(
        this.#shadow,
        `SELECT max(docid) FROM ${this.documents} WHERE docid BETWEEN ? AND ?`,
        [low, low + DATASET_SIZE - 1],
      )
      next = Math.max(low, last) + 1
    }
    numbers.set(name, next + 1)
    return next
  }

  /** The first number of a dataset that has documents. */
  #baseOf(dataset: string): number | undefined {
    return this.#shadow.first(
      `SELECT docid FROM ${this.documents} WHERE dataset = ? LIMIT 1`,
      [dataset],
      row => Math.floor(row.number(0) / DATASET_SIZE) * DATASET_SIZE,
    )
  }

  #newBase(): number {
    const last = countOf(this.#shadow, `SELECT max(docid) FROM ${this.documents}`, [])
    return (Math.floor(last / DATASET_SIZE) + 1) * DATASET_SIZE
  }

  #cover({ epoch, seq, tag }: LogPosition, documents: number, others: number): void {
    this.#run(
      `INSERT OR REPLACE INTO ${this.#state} VALUES (?, ?, ?, ?, ?, ?, ?)`,
      this.name,
      this.#recipe,
      epoch,
      seq,
      tag,
      documents,
      others,
    )
  }

  #removeOrphans(): number {
    const orphans = this.#orphans()
    const indexed = orphans.filter(({ hidden }) => !hidden).map(({ docid }) => docid)
    this.#delete(this.fts, 'rowid', indexed)
    this.#delete(
      this.documents,
      'docid',
      orphans.map(({ docid }) => docid),
    )
    return orphans.length
  }

  #orphans(): { docid: number; hidden: boolean }[] {
    const found: { docid: number; hidden: boolean }[] = []
    this.#shadow.each(
      `SELECT docid, hidden FROM ${this.documents} r WHERE NOT EXISTS (SELECT 1 FROM {table} d WHERE ${ROW_OF})`,
      [],
      row => {
        found.push({ docid: row.number(0), hidden: row.number(1) !== 0 })
      },
    )
    return found
  }

  #delete(table: string, column: string, numbers: readonly number[]): void {
    if (numbers.length === 0) return
    const list = JSON.stringify(numbers)
    this.#run(`DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`, list)
  }
}

/** SQL: whether a row is a document. */
const IS_DOCUMENT = `typeof(${COLUMN.dataset}) = 'text' AND typeof(${COLUMN.id}) = 'text'`
/** SQL: the row d of a document r. */
const ROW_OF = rowOf('d.')

/** SQL: whether a row of the shadow table belongs to document r. */
export function rowOf(prefix = ''): string {
  return Object.entries({ dataset: COLUMN.dataset, id: COLUMN.id })
    .map(([own, column]) => {
      const equal = `${prefix}${column} = r.${own}`
      return `${equal} AND ${equal} COLLATE BINARY`
    })
    .join(' AND ')
}
