import { VecError } from '../../core/errors.ts'
import { METRIC_NAMES } from '../../core/metric.ts'
import { doubleQuoted } from '../../core/quote.ts'
import { shellWord } from '../../core/shell-word.ts'
import type {
  TableContext,
  VirtualTable,
  VirtualTableModule,
} from '../../sqlite/vtab/virtual-table.ts'
import { DEFAULT_METRIC } from '../vec/vec-options.ts'

/**
 * `USING vec0(...)`, as users of sqlite-vec write it. Creates and opens no table, and reports what to write instead.
 */
export const vec0Module: VirtualTableModule = {
  create: context => {
    throw new VecError(
      'SQLITE_ERROR',
      `vec0 is the module of sqlite-vec: write CREATE VIRTUAL TABLE ${identifier(context.table)} USING vec(${vecArguments(context)})`,
      {
        hint:
          shadowTables(context).length > 0
            ? `the file contains data of a vec0 table of that name: ${importOf(context)}`
            : 'docs/migrating.md shows the same table and the same queries in both forms',
      },
    )
  },
  connect: context => new Vec0Table(context),
}

/**
 * An existing vec0 table of a file. It can be connected, since `PRAGMA integrity_check` connects every table whose
 * module is known. Reads and writes are refused. DROP TABLE drops its shadow tables, as sqlite-vec does.
 */
class Vec0Table implements VirtualTable {
  readonly declaration: string
  readonly #context: TableContext

  constructor(context: TableContext) {
    this.#context = context
    // A declaration begins with the name of a column; an option has an equals sign.
    const columns = context.args.flatMap(text => /^\s*\+?\s*(\w+)\s+(?!=)/.exec(text)?.[1] ?? [])
    const names = new Set(['rowid_', ...columns, 'distance', 'k'].map(name => name.toLowerCase()))
    this.declaration = `CREATE TABLE x(${Array.from(names, doubleQuoted).join(', ')})`
  }

  bestIndex(): never {
    return this.#refuse('queried')
  }

  open(): never {
    return this.#refuse('queried')
  }

  update(): never {
    return this.#refuse('written')
  }

  rename(): never {
    return this.#refuse('renamed')
  }

  destroy(): void {
    const { db, schema } = this.#context
    for (const name of shadowTables(this.#context)) {
      db.exec(`DROP TABLE ${doubleQuoted(schema)}.${doubleQuoted(name)}`)
    }
  }

  #refuse(done: string): never {
    throw new VecError(
      'SQLITE_ERROR',
      `${this.#context.table} is a vec0 table of sqlite-vec, which cannot be ${done} here: import its data into a vec table`,
      { hint: importOf(this.#context) },
    )
  }
}

/** The commands that copy the data of the table, with its metric. */
function importOf({ db, schema, table, args }: TableContext): string {
  const metric = metricOf(args)
  const name = shellWord(table)
  const source = shellWord(db.filename(schema) || 'old.sqlite')
  return (
    `svec init new.sqlite --table ${name}${metric === undefined ? '' : ` --metric ${metric}`}, ` +
    `then svec import new.sqlite ${source} --from-table ${name} (docs/migrating.md)`
  )
}

/** The id column of the declaration, and the metric if it is not the default of vec. */
function vecArguments({ args }: TableContext): string {
  const key = args
    .map(text => /^\s*(\w+)\s+\w+\s+primary\s+key\s*$/i.exec(text)?.[1])
    .find(name => name !== undefined)
  const metric = metricOf(args)
  const column = key ?? 'doc_id'
  return metric === undefined || metric === DEFAULT_METRIC ? column : `${column}, metric=${metric}`
}

/** The metric of the first vector column; undefined for a metric that vec does not have. */
function metricOf(args: readonly string[]): string | undefined {
  const vector = args.find(text => /^\s*\w+\s+\w+\s*\[\s*\d+\s*\]/.test(text)) ?? ''
  const [, type = ''] = /^\s*\w+\s+(\w+)/.exec(vector) ?? []
  const byType = type.toLowerCase() === 'bit' ? 'hamming' : 'l2'
  const given = /distance_metric\s*=\s*(\w+)/i.exec(vector)?.[1].toLowerCase() ?? byType
  return METRIC_NAMES[given]
}

const SHADOW =
  /^(?:chunks|rowids|info|auxiliary|(?:vector_chunks|metadatachunks|metadatatext)\d\d)$/

function shadowTables({ db, schema, table }: TableContext): string[] {
  const list = `SELECT name FROM ${doubleQuoted(schema)}.sqlite_schema WHERE type = 'table'`
  const names = db.prepare(list).pluck().all() as string[]
  const prefix = `${table}_`
  return names.filter(name => name.startsWith(prefix) && SHADOW.test(name.slice(prefix.length)))
}

function identifier(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : doubleQuoted(name)
}
