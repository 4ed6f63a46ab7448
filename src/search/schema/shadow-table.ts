import { VecError } from '../../core/errors.ts'
import { isSchemaCommitted } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import { eachRow, scalar, texts } from '../../database/query.ts'
import type { RowReader } from '../../database/row-reader.ts'
import { Snapshots } from '../../database/snapshot.ts'
import type { RunResult, Statement } from '../../database/statement.ts'
import { transaction } from '../../database/transaction.ts'
import type { BindValue } from '../../database/values.ts'
import { NO_FOREIGN_INDEXES, type ForeignIndexes } from './foreign-indexes.ts'
import {
  createStatement,
  firstState,
  GUARD_TRIGGERS,
  JOURNAL_STATE,
  JOURNAL_TABLES,
  journalTriggers,
  storedSql,
  storedText,
  SUPPORT_TABLES,
  type SchemaObject,
} from './layout.ts'
import { catalogOf, quoteName } from './names.ts'
import {
  columnDefinition,
  isWatched,
  SHADOW,
  SHADOW_COLUMNS,
  sqlName,
  type StoredColumn,
} from './table-schema.ts'

/** Statements that are kept prepared. */
const MOST_STATEMENTS = 200

const REQUIRED = SHADOW_COLUMNS.filter(({ required }) => required).map(({ stored }) => stored)

export interface Shape {
  readonly columns: ReadonlySet<string>
  /** A name under which the rowid can be asked for; undefined: WITHOUT ROWID, or all names are taken. */
  readonly rowid: string | undefined
  /** (dataset_id, id) names at most one row. */
  readonly unique: boolean
  readonly triggers: readonly SchemaObject[]
  /** The journal and its triggers are there, word for word: changes of vectors and keys have entries. */
  readonly journaled: boolean
  /** Changes of meta have entries, too; the triggers of earlier versions do not watch it. */
  readonly filterable: boolean
  /** The triggers of earlier versions. */
  readonly olderTriggers: readonly SchemaObject[]
}

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
  ) {
    this.db = db
    this.schema = schema
    this.name = name
    this.includeArchived = includeArchived
    this.foreign = foreign
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
      this.#shape = this.#readShape()
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
    return this.refresh().columns.has(stored) && !this.includeArchived
      ? `AND coalesce(${stored}, 0) = 0`
      : ''
  }

  /** The column for SQL, or NULL where the table lacks it. */
  optional(column: StoredColumn): string {
    return this.refresh().columns.has(column.stored.toLowerCase()) ? sqlName(column) : 'NULL'
  }

  /** Adds those of the columns that the table lacks. */
  addColumns(columns: readonly StoredColumn[]): void {
    const present = this.refresh().columns
    for (const column of columns) {
      if (present.has(column.stored.toLowerCase())) continue
      this.db.exec(`ALTER TABLE ${this.sql} ADD COLUMN ${columnDefinition(column)}`)
    }
    this.distrust()
  }

  /** Makes the journal, the storage tables and the triggers, all or none. */
  install(): void {
    transaction(this.db, () => this.installHere())()
    this.distrust()
  }

  /** The same inside a statement that writes already, which makes it all or none. */
  installHere(): void {
    const { db, schema } = this
    for (const table of SUPPORT_TABLES) db.exec(createStatement(schema, table))
    // Triggers that write into somebody else's table would make every write fail.
    const other = JOURNAL_TABLES.find(table => this.storedSql(table.name) !== storedText(table))
    if (other) {
      throw new VecError(
        'VEC_SHADOW',
        `vec: ${schema}.${other.name} is another table than the one this library makes under that name`,
        { hint: `drop or rename ${other.name}: the next query makes it again` },
      )
    }
    db.exec(firstState(schema))
    const shape = this.#readShape()
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
    if (replaced) db.exec(`UPDATE ${quoteName(schema)}.${JOURNAL_STATE} SET epoch = epoch + 1`)
    this.distrust()
  }

  /** Takes the triggers off again. The documents stay. */
  uninstall(): void {
    for (const trigger of this.#readShape().triggers) {
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

  #readShape(): Shape {
    const { db, schema, name } = this
    const withoutRowid = scalar(
      db,
      `SELECT wr FROM pragma_table_list WHERE schema = ? AND name = ? AND type = 'table'`,
      schema,
      name,
    )
    if (withoutRowid === undefined) {
      throw new VecError('VEC_SHADOW', `vec: no such table: ${schema}.${name}`, {
        hint: `the documents of a vec table are stored in its shadow table: create ${name}(${SHADOW_COLUMNS.map(({ stored }) => stored).join(', ')}), or drop the vec table and create it again`,
      })
    }
    const columns = new Set(
      texts(db, 'SELECT lower(name) FROM pragma_table_xinfo(?, ?)', name, schema),
    )
    const missing = REQUIRED.filter(column => !columns.has(column))
    if (missing.length > 0) {
      throw new VecError(
        'VEC_SHADOW',
        `vec: no such column: ${missing.join(', ')}: the shadow table ${schema}.${name} needs ${REQUIRED.join(', ')}, it has ${[...columns].join(', ')}`,
        {
          hint: `ALTER TABLE ${name} ADD COLUMN, or rename the table and let the vec table make its own`,
        },
      )
    }
    const rowid =
      withoutRowid === 1
        ? undefined
        : ['rowid', '_rowid_', 'oid'].find(alias => !columns.has(alias))
    const { unique, indexed } = this.#uniqueColumns()
    const watched = [...columns].filter(column => isWatched(column) || indexed.has(column))
    const triggers = journalTriggers({ name, watched, rowid })
    const olderWatched = watched.filter(
      column => column !== SHADOW.meta.stored || indexed.has(column),
    )
    const olderTriggers = journalTriggers({ name, watched: olderWatched, rowid })
    const sound =
      this.#has([...JOURNAL_TABLES, ...GUARD_TRIGGERS]) && this.foreign.triggers(this).length === 0
    const filterable = sound && this.#has(triggers)
    const journaled = filterable || (sound && this.#has(olderTriggers))
    return { columns, rowid, unique, triggers, journaled, filterable, olderTriggers }
  }

  #has(objects: readonly SchemaObject[]): boolean {
    return objects.every(object => this.storedSql(object.name) === storedText(object))
  }

  /** Whether (dataset_id, id) is unique, and every column that some unique index covers. */
  #uniqueColumns(): { unique: boolean; indexed: Set<string> } {
    const { db, schema, name } = this
    const indexes = new Map<string, { columns: string[]; partial: boolean }>()
    eachRow(
      db,
      `SELECT l.name, coalesce(lower(i.name), '(expression)'), l.partial
       FROM pragma_index_list(?1, ?2) AS l, pragma_index_info(l.name, ?2) AS i WHERE l."unique" = 1`,
      [name, schema],
      row => {
        const index = indexes.get(row.text(0)) ?? { columns: [], partial: row.number(2) === 1 }
        index.columns.push(row.text(1))
        indexes.set(row.text(0), index)
      },
    )
    const indexed = new Set([...indexes.values()].flatMap(index => index.columns))
    const key = texts(
      db,
      'SELECT lower(name) FROM pragma_table_xinfo(?, ?) WHERE pk > 0',
      name,
      schema,
    )
    for (const column of key) indexed.add(column)
    const unique = isKeyOf(key) || [...indexes.values()].some(i => !i.partial && isKeyOf(i.columns))
    return { unique, indexed }
  }

  /** The text that the schema holds of a table or trigger. */
  storedSql(name: string): string | undefined {
    return storedSql(this.db, this.schema, name)
  }
}

/** Whether a unique index on these columns makes (dataset_id, id) unique. */
function isKeyOf(columns: readonly string[]): boolean {
  return columns.length > 0 && columns.every(column => column === 'dataset_id' || column === 'id')
}
