import { lateSearch } from '#late-search'
import { VecError } from '../../core/errors.ts'
import type { IndexSpec } from '../../search/memory/index-spec.ts'
import { IndexStore } from '../../search/persistence/index-store.ts'
import { Searcher } from '../../search/query/searcher.ts'
import { hasTable } from '../../search/schema/layout.ts'
import { quoteName, shadowTableName } from '../../search/schema/names.ts'
import { ShadowTable } from '../../search/schema/shadow-table.ts'
import { TableSchema } from '../../search/schema/table-schema.ts'
import { hasText } from '../../search/text/has-text.ts'
import type { Connection } from '../../sqlite/connection.ts'
import type { IndexInfo } from '../../sqlite/vtab/index-info.ts'
import type {
  RowChange,
  TableContext,
  TableRisk,
  VirtualCursor,
  VirtualTable,
  VirtualTableModule,
} from '../../sqlite/vtab/virtual-table.ts'
import { originalIndexes } from '../../viant/export/original-indexes.ts'
import { vecContains } from '../functions/vec-contains.ts'
import { indexSpecOf } from './index-spec.ts'
import { installTable } from './install-table.ts'
import { isCommand, lateCommands } from './late-command.ts'
import { RowKeys } from './row-keys.ts'
import { VecCursor } from './vec-cursor.ts'
import { locate, type Location } from './vec-location.ts'
import { parseVecOptions, type VecOptions } from './vec-options.ts'
import { planVec, type VecPlan } from './vec-plan.ts'
import { VecWriter } from './vec-write.ts'

/** The module behind CREATE VIRTUAL TABLE ... USING vec(...). */
export const vecModule: VirtualTableModule = {
  functions: { vec_contains: vecContains },
  create(context) {
    const options = parseVecOptions(context.args, context.table)
    const location = locate(context.db, context.schema, options.dbpath)
    const { db, schema } = location
    const install = (): void => installTable(db, schema, context.table, options)
    // On this connection, CREATE VIRTUAL TABLE itself is the transaction.
    if (db === context.db) install()
    else db.transaction(install)()
    return new VecTable(context, options)
  },
  connect(context) {
    return new VecTable(context, parseVecOptions(context.args, context.table))
  },
}

/**
 * Throws if the documents' table exists. The documents of a dropped vec table may be the only copy, so they are not
 * deleted unasked.
 */
function requireFree({ db, schema }: Location, shadow: string, table: string): void {
  const sql = `${quoteName(schema)}.${quoteName(shadow)}`
  if (!hasTable(db, schema, shadow)) return
  using statement = db.prepare(`SELECT count(*) FROM ${sql}`)
  const rows = statement.first([], row => row.number(0)) ?? 0
  throw new VecError(
    'VEC_SHADOW',
    `vec: the table cannot be called ${table}: ${schema}.${shadow} exists, with ${rows} ${rows === 1 ? 'document' : 'documents'} that DROP TABLE ${table} left there`,
    {
      hint: `DROP TABLE ${sql} deletes them, ALTER TABLE ${sql} RENAME TO ... keeps them; then rename again. Nothing has been changed`,
    },
  )
}

const connected = new WeakMap<Connection, Map<string, VecTable>>()

function tablesOf(db: Connection): Map<string, VecTable> {
  let tables = connected.get(db)
  if (!tables) connected.set(db, (tables = new Map()))
  return tables
}

function keyOf(schema: string, table: string): string {
  return `${schema}.${table}`.toLowerCase()
}

/** A vec table that this connection has connected. */
export function connectedTable(
  db: Connection,
  schema: string,
  table: string,
): VecTable | undefined {
  return tablesOf(db).get(keyOf(schema, table))
}

/** One vec table on one connection. */
export class VecTable implements VirtualTable {
  readonly schema: TableSchema
  readonly declaration: string
  readonly textColumns: ReadonlySet<number>
  /** A view of the file may search data of the same file, but not of other files. */
  readonly risk: TableRisk | undefined
  readonly #context: TableContext
  readonly options: VecOptions
  readonly #spec: IndexSpec
  readonly #keys = new RowKeys()
  #searcher: Searcher | undefined
  #writer: VecWriter | undefined

  constructor(context: TableContext, options: VecOptions) {
    this.#context = context
    this.options = options
    this.risk = options.dbpath === undefined ? 'innocuous' : undefined
    this.#spec = indexSpecOf(options)
    tablesOf(context.db).set(keyOf(context.schema, context.table), this)
    this.schema = new TableSchema(
      context.table,
      options.column,
      options.metadata,
      options.text !== undefined,
    )
    this.declaration = this.schema.declaration
    const texts = this.schema.attributePlaces.filter(({ stored }) => stored.type === 'TEXT')
    this.textColumns = new Set(texts.map(({ place }) => place))
  }

  bestIndex(info: IndexInfo): VecPlan | undefined {
    return planVec(info, this.schema, this.options.metric)
  }

  open(): VirtualCursor {
    return new VecCursor(this.searcher(), this.schema, this.options.metric, this.#keys)
  }

  begin(): void {
    this.#writer?.begin()
  }

  update(change: RowChange): bigint | number {
    const searcher = this.searcher()
    if (searcher.shadow.db !== this.#context.db) throw this.#elsewhere()
    if (isCommand(this.schema, change)) {
      lateCommands.needed.runCommand(this.#context, searcher, this.schema, change)
      return 0
    }
    this.#writer ??= new VecWriter(searcher.shadow, this.schema, this.#keys, this.#context.table)
    return this.#writer.write(change)
  }

  rename(name: string): void {
    if (name.toLowerCase() === this.options.column.toLowerCase()) {
      throw new VecError(
        'VEC_OPTION',
        `vec: the table cannot be called ${name}: its id column already has that name`,
        { hint: 'choose another name' },
      )
    }
    const location = locate(this.#context.db, this.#context.schema, this.options.dbpath)
    const { db, schema } = location
    const before = shadowTableName(this.#context.table)
    const after = shadowTableName(name)
    requireFree(location, after, name)
    const from = `${quoteName(schema)}.${quoteName(before)}`
    const shadow = new ShadowTable(db, schema, before, false, originalIndexes)
    const renamed = new ShadowTable(
      db,
      schema,
      after,
      this.options.includeArchived,
      originalIndexes,
    )
    const rename = (): void => {
      // Triggers, saved indexes and text indexes carry the old name.
      shadow.uninstall()
      if (hasText(shadow)) lateSearch.needed.renameText(shadow, renamed)
      new IndexStore(db, schema).drop(before)
      db.exec(`ALTER TABLE ${from} RENAME TO ${quoteName(after)}`)
      renamed.installHere()
    }
    try {
      this.disconnect()
      // On this connection, ALTER TABLE itself is the transaction.
      if (db === this.#context.db) rename()
      else db.transaction(rename)()
    } finally {
      shadow.dispose()
      renamed.dispose()
    }
  }

  /** Runs for DROP TABLE: deletes what was derived from the documents; the documents stay. */
  destroy(): void {
    let location: Location
    try {
      location = locate(this.#context.db, this.#context.schema, this.options.dbpath)
    } catch {
      // The file with the documents, and all that was derived from them, no longer exists.
      return
    }
    const { db, schema } = location
    const name = shadowTableName(this.#context.table)
    const shadow = new ShadowTable(db, schema, name, false, originalIndexes)
    try {
      shadow.uninstall()
      if (hasText(shadow)) lateSearch.needed.dropText(shadow)
      new IndexStore(db, schema).drop(name)
    } catch (error) {
      if (!(error instanceof VecError && error.code === 'VEC_SHADOW')) throw error
    } finally {
      shadow.dispose()
    }
  }

  disconnect(): void {
    const tables = tablesOf(this.#context.db)
    const key = keyOf(this.#context.schema, this.#context.table)
    if (tables.get(key) === this) tables.delete(key)
    this.#searcher?.dispose()
    this.#searcher?.shadow.dispose()
    this.#searcher = undefined
    this.#writer = undefined
  }

  /** The error for a write to a file that another connection writes: a rollback here could not undo it there. */
  #elsewhere(): VecError {
    const { table } = this.#context
    return new VecError(
      'VEC_QUERY',
      `vec: ${table} cannot be written here: its documents are in the file ${this.options.dbpath} (dbpath), which is not part of this connection's transactions`,
      {
        hint: `ATTACH that file to this connection, or write ${shadowTableName(table)} through a connection to it`,
      },
    )
  }

  /** The search over the shadow table, which may have been created later than this table. */
  searcher(): Searcher {
    if (!this.#searcher) {
      const { db, schema } = locate(this.#context.db, this.#context.schema, this.options.dbpath)
      const name = shadowTableName(this.#context.table)
      const shadow = new ShadowTable(
        db,
        schema,
        name,
        this.options.includeArchived,
        originalIndexes,
      )
      // A file that only another file's schema names, and that is merely queried, stays unchanged.
      const { metadata: columns, recall, text, type } = this.options
      const mayInstall = db === this.#context.db && schema === this.#context.schema
      this.#searcher = new Searcher({
        shadow,
        spec: this.#spec,
        columns,
        mayInstall,
        recall,
        text,
        type,
      })
    }
    return this.#searcher
  }
}
