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

/** The maximum number of statements that stay prepared. */
const MOST_STATEMENTS = 200

/**
 * The ordinary table with the documents of a vec table, as one connection sees it. Facts from the schema are cached,
 * and read again whenever the schema's version changes.
 */
export class ShadowTable {
  readonly db: Database
  readonly schema: string
  readonly name: string
  /** Whether rows with archived = 1 count like the others. */
  readonly includeArchived: boolean
  readonly foreign: ForeignIndexes
  readonly documents: DocumentColumns
  /** The name by which the journal and saved indexes identify it. */
  readonly key: string
  readonly #version: Statement | undefined
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
    const version = `PRAGMA ${quoteName(schema)}.schema_version`
    this.#version = db.schemaVersion ? undefined : db.prepare(version)
    this.#snapshots = new Snapshots(db, catalogOf(schema))
  }

  /** The table's name in SQL. */
  get sql(): string {
    return `${quoteName(this.schema)}.${quoteName(this.name)}`
  }

  /** Runs `read` so that all its queries see one snapshot, and lock the file once. */
  inSnapshot<R>(read: () => R): R {
    return this.#snapshots.run(read)
  }

  /**
   * Keeps the current snapshot until it is disposed of, across other statements; undefined where that is impossible.
   */
  holdSnapshot(): Disposable | undefined {
    return this.#snapshots.hold()
  }

  /** The version of the schema, which every change of the schema increments. */
  version(): number {
    return this.#version?.first([], row => row.number(0)) ?? this.db.schemaVersion!(this.schema)
  }

  /** Reads the schema again if it has changed. Throws VEC_SHADOW when the table is missing or unsuitable. */
  refresh(): Shape {
    const version = this.version()
    if (version !== this.#seen || !this.#shape) {
      this.#shape = readShape(this)
      // An uncommitted schema may be rolled back, and its version may then be used for another one.
      this.#seen = isSchemaCommitted(this.db, this.schema) ? version : -1
    }
    return this.#shape
  }

  /** The shape that `refresh` found last. */
  get shape(): Shape {
    return this.#shape ?? this.refresh()
  }

  /** Discards the cached facts from the schema. */
  distrust(): void {
    this.#seen = -1
  }

  /** Runs a statement of this table and reads its first row. `{table}` is replaced by the table's quoted name. */
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

  /** `each` for so few rows that a driver may read them all before the first visit. */
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

  /**
   * Statements are kept for reuse. A running statement (a user's trigger may query in turn) is prepared a second time.
   */
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

  /** Users' conditions come in any number of forms. */
  #forgetOne(): void {
    for (const [sql, statement] of this.#statements) {
      if (statement.busy) continue
      this.#statements.delete(sql)
      statement.finalize()
      return
    }
  }

  /** The condition under which a row counts at all, besides its dataset. */
  get visible(): string {
    return this.documents.standard ? this.visibleIn(this.refresh()) : ''
  }

  /** The same for a shape that has just been looked at. */
  visibleIn({ columns }: Shape): string {
    const { stored } = SHADOW.archived
    return this.documents.standard && columns.has(stored) && !this.includeArchived
      ? `AND coalesce(${stored}, 0) = 0`
      : ''
  }

  /** The column in SQL, or NULL if the table lacks it. */
  optional(column: StoredColumn): string {
    return this.refresh().columns.has(column.stored.toLowerCase()) ? sqlName(column) : 'NULL'
  }

  /** Whether the table has the column with JSON text. */
  get hasMeta(): boolean {
    const { meta } = this.documents.roles
    return meta !== undefined && this.refresh().columns.has(lowerCase(meta))
  }

  /** Whether the table stores the values of a metadata column in the declared type. */
  keeps({ stored, type }: StoredColumn): boolean {
    const declared = this.refresh().types.get(stored.toLowerCase())
    return declared !== undefined && affinityOf(declared) === type
  }

  /** Adds the columns that the table lacks. Returns whether there were any. */
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

  /** Creates the journal, the storage tables and the triggers, all or none. */
  install(): void {
    transaction(this.db, () => this.installHere())()
    this.distrust()
  }

  /**
   * `install` inside a statement that already writes, which makes it atomic. `trusted`: the replaced triggers were
   * right until now.
   */
  installHere(trusted = false): void {
    const { db, schema } = this
    for (const table of SUPPORT_TABLES) db.exec(createStatement(schema, table))
    // Triggers that wrote into another program's table would make every write fail.
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
    // Its triggers deleted the other program's indexes when rows changed. Without them, it would trust outdated
    // indexes.
    if (foreign.length > 0 && !this.foreign.areGuarded(this)) this.foreign.drop(this)
    // While a trigger was missing, changes may have gone unrecorded.
    if (replaced && !trusted)
      db.exec(`UPDATE ${quoteName(schema)}.${JOURNAL_STATE} SET epoch = epoch + 1`)
    this.distrust()
  }

  /** Drops the triggers. The documents stay. */
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
    this.#version?.finalize()
    this.#snapshots.dispose()
  }

  /** The text that the schema stores for a table or trigger. */
  storedSql(name: string): string | undefined {
    return storedSql(this.db, this.schema, name)
  }
}
