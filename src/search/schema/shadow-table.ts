import { VecError } from '../../core/errors.ts'
import { isSchemaCommitted } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import { texts } from '../../database/query.ts'
import type { RowReader } from '../../database/row-reader.ts'
import { Snapshots } from '../../database/snapshot.ts'
import type { RunResult, Statement } from '../../database/statement.ts'
import { transaction } from '../../database/transaction.ts'
import type { BindValue } from '../../database/values.ts'
import { lowerCase, SHADOW_DOCUMENTS, type DocumentColumns } from './document-columns.ts'
import { NO_FOREIGN_INDEXES, type ForeignIndexes } from './foreign-indexes.ts'
import {
  createStatement,
  firstState,
  GUARD_TRIGGERS,
  JOURNAL_STATE,
  JOURNAL_TABLES,
  storedSql,
  storedText,
  SUPPORT_TABLES,
} from './layout.ts'
import { catalogOf, quoteName } from './names.ts'
import { affinityOf, readShape, type Shape } from './shape.ts'
import { columnDefinition, SHADOW, sqlName, type StoredColumn } from './table-schema.ts'

/** Statements that are kept prepared. */
const MOST_STATEMENTS = 200

/**
 * The ordinary table that holds the documents of a vec table, as one connection sees it. What is known of it is read
 * from the schema, and read again whenever the schema's version moves.
 */
export class ShadowTable {
  readonly db: Database
  readonly schema: string
  readonly name: string
  /** Rows with archived = 1 count like the others. */
  readonly includeArchived: boolean
  readonly foreign: ForeignIndexes
  readonly documents: DocumentColumns
  /** Under which name the journal and saved indexes know it. */
  readonly key: string
  readonly #version: Statement
  readonly #snapshots: Snapshots
  readonly #statements = new Map<string, Statement>()
  #seen = -1
  #shape: Shape | undefined

  constructor(
    db: Database,
    schema: string,
    name: string,
    includeArchived: boolean,
    foreign: ForeignIndexes = NO_FOREIGN_INDEXES,
    documents: DocumentColumns = SHADOW_DOCUMENTS,
  ) {
    this.db = db
    this.schema = schema
    this.name = name
    this.includeArchived = includeArchived
    this.foreign = foreign
    this.documents = documents
    this.key = documents.keyOf(name)
    this.#version = db.prepare(`PRAGMA ${quoteName(schema)}.schema_version`)
    this.#snapshots = new Snapshots(db, catalogOf(schema))
  }

  /** The table's name for SQL. */
  get sql(): string {
    return `${quoteName(this.schema)}.${quoteName(this.name)}`
  }

  /** All that `read` asks of the database is of one snapshot, and takes the file's lock once. */
  inSnapshot<R>(read: () => R): R {
    return this.#snapshots.run(read)
  }

  /** Keeps what is seen now until it is disposed of, across statements of others; undefined where that cannot be. */
  holdSnapshot(): Disposable | undefined {
    return this.#snapshots.hold()
  }

  /** The number of the schema, which moves with every change of it. */
  version(): number {
    return this.#version.first([], row => row.number(0))!
  }

  /** Looks whether the schema has moved. Throws VEC_SHADOW when the table is not there or cannot serve. */
  refresh(): Shape {
    const version = this.version()
    if (version !== this.#seen || !this.#shape) {
      this.#shape = readShape(this)
      // A schema that is not committed may be rolled back, and its number be given to another.
      this.#seen = isSchemaCommitted(this.db, this.schema) ? version : -1
    }
    return this.#shape
  }

  /** Forgets what is known of the schema. */
  distrust(): void {
    this.#seen = -1
  }

  /** Runs a statement of this table and reads its first row. `{table}` stands for the table, quoted. */
  first<R>(
    sql: string,
    parameters: readonly BindValue[],
    read: (row: RowReader) => R,
  ): R | undefined {
    return this.#using(sql, statement => statement.first(parameters, read))
  }

  /** Runs a statement of this table and visits its rows, until there are no more or `visit` returns false. */
  each(
    sql: string,
    parameters: readonly BindValue[],
    visit: (row: RowReader) => boolean | void,
  ): void {
    this.#using(sql, statement => statement.each(parameters, visit))
  }

  /** The same for so few rows that a driver may read them all before the first visit. */
  eachOfPage(sql: string, parameters: readonly BindValue[], visit: (row: RowReader) => void): void {
    this.#using(sql, statement => {
      if (statement.page) statement.page(parameters, visit)
      else statement.each(parameters, visit)
    })
  }

  /** Runs a statement that writes this table. */
  run(sql: string, parameters: readonly BindValue[]): RunResult {
    return this.#using(sql, statement => statement.run(...parameters))
  }

  /** Statements are kept for the next time. One that runs already (a trigger of the user's may ask in turn) is prepared again. */
  #using<R>(sql: string, use: (statement: Statement) => R): R {
    const kept = this.#statement(sql)
    if (!kept.busy) return use(kept)
    using own = this.db.prepare(kept.source)
    return use(own)
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (!statement) {
      if (this.#statements.size >= MOST_STATEMENTS) this.#forgetOne()
      statement = this.db.prepare(sql.replaceAll('{table}', this.sql))
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** Conditions of users come in any number of shapes. */
  #forgetOne(): void {
    for (const [sql, statement] of this.#statements) {
      if (statement.busy) continue
      this.#statements.delete(sql)
      statement.finalize()
      return
    }
  }

  /** The condition under which a row counts at all, beside its dataset. */
  get visible(): string {
    const { stored } = SHADOW.archived
    if (!this.documents.standard) return ''
    return this.refresh().columns.has(stored) && !this.includeArchived
      ? `AND coalesce(${stored}, 0) = 0`
      : ''
  }

  /** The column for SQL, or NULL where the table lacks it. */
  optional(column: StoredColumn): string {
    return this.refresh().columns.has(column.stored.toLowerCase()) ? sqlName(column) : 'NULL'
  }

  /** The table has the column with JSON text. */
  get hasMeta(): boolean {
    const { meta } = this.documents.roles
    return meta !== undefined && this.refresh().columns.has(lowerCase(meta))
  }

  /** Whether the table keeps the values of a metadata column as its declaration says. */
  keeps({ stored, type }: StoredColumn): boolean {
    const declared = this.refresh().types.get(stored.toLowerCase())
    return declared !== undefined && affinityOf(declared) === type
  }

  /** Adds those of the columns that the table lacks; whether there were any. */
  addColumns(columns: readonly StoredColumn[]): boolean {
    const { columns: present } = this.refresh()
    const computed = new Set(
      texts(
        this.db,
        'SELECT lower(name) FROM pragma_table_xinfo(?, ?) WHERE hidden IN (2, 3)',
        this.name,
        this.schema,
      ),
    )
    let added = false
    for (const column of columns) {
      const name = lowerCase(column.stored)
      if (present.has(name) && column.from !== undefined && !computed.has(name)) {
        throw new VecError(
          'VEC_SHADOW',
          `vec: the column ${column.stored} cannot be read from ${SHADOW.meta.stored}: ${this.schema}.${this.name} has a column of that name, which is written`,
          {
            hint: `choose another name, declare the column without FROM, or drop what was written: ALTER TABLE ${this.name} DROP COLUMN ${quoteName(column.stored)}`,
          },
        )
      }
      if (present.has(name)) continue
      this.db.exec(`ALTER TABLE ${this.sql} ADD COLUMN ${columnDefinition(column)}`)
      added = true
    }
    this.distrust()
    return added
  }

  /** Makes the journal, the storage tables and the triggers, all or none. */
  install(): void {
    transaction(this.db, () => this.installHere())()
    this.distrust()
  }

  /**
   * The same inside a statement that writes already, which makes it all or none. `trusted`: the triggers that are replaced
   * were right until now.
   */
  installHere(trusted = false): void {
    const { db, schema } = this
    for (const table of SUPPORT_TABLES) db.exec(createStatement(schema, table))
    // Triggers that write into another program's table would make every write fail.
    const other = JOURNAL_TABLES.find(table => this.storedSql(table.name) !== storedText(table))
    if (other) {
      throw new VecError(
        'VEC_SHADOW',
        `vec: ${schema}.${other.name} differs from the table of that name that this library creates`,
        { hint: `drop or rename ${other.name}: the next query creates it again` },
      )
    }
    db.exec(firstState(schema))
    const shape = readShape(this)
    let replaced = false
    for (const trigger of [...GUARD_TRIGGERS, ...shape.triggers]) {
      const found = this.storedSql(trigger.name)
      if (found === storedText(trigger)) continue
      replaced ||= !shape.olderTriggers.some(older => found === storedText(older))
      db.exec(`DROP TRIGGER IF EXISTS ${quoteName(schema)}.${quoteName(trigger.name)}`)
      db.exec(createStatement(schema, trigger))
    }
    const foreign = this.foreign.triggers(this)
    for (const trigger of foreign) {
      db.exec(`DROP TRIGGER ${quoteName(schema)}.${quoteName(trigger)}`)
    }
    // They deleted the other program's indexes when rows changed. Without them it would trust what is out of date.
    if (foreign.length > 0 && !this.foreign.areGuarded(this)) this.foreign.drop(this)
    // While a trigger was missing, changes may have gone by unseen.
    if (replaced && !trusted)
      db.exec(`UPDATE ${quoteName(schema)}.${JOURNAL_STATE} SET epoch = epoch + 1`)
    this.distrust()
  }

  /** Takes the triggers off again. The documents stay. */
  uninstall(): void {
    for (const trigger of readShape(this).triggers) {
      this.db.exec(`DROP TRIGGER IF EXISTS ${quoteName(this.schema)}.${quoteName(trigger.name)}`)
    }
    this.foreign.drop(this)
    this.distrust()
  }

  dispose(): void {
    for (const statement of this.#statements.values()) statement.finalize()
    this.#statements.clear()
    this.#version.finalize()
    this.#snapshots.dispose()
  }

  /** The text that the schema holds of a table or trigger. */
  storedSql(name: string): string | undefined {
    return storedSql(this.db, this.schema, name)
  }
}
