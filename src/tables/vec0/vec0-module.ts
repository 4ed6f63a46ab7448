import { VecError } from '../../core/errors.ts'
import { METRIC_NAMES } from '../../core/metric.ts'
import { doubleQuoted } from '../../core/quote.ts'
import { shellWord } from '../../core/shell-word.ts'
import type { TableContext, VirtualTableModule } from '../../sqlite/vtab/virtual-table.ts'

/** `USING vec0(...)`, as users of sqlite-vec write it: makes and opens no table, and tells what to write instead. */
export const vec0Module: VirtualTableModule = {
  create: context => {
    throw new VecError(
      'SQLITE_ERROR',
      `vec0 is the module of sqlite-vec: write CREATE VIRTUAL TABLE ${identifier(context.table)} USING vec(${vecArguments(context)})`,
      {
        hint: hasShadowTables(context)
          ? `the file holds data of a vec0 table of that name: ${importOf(context)}`
          : 'docs/migrating.md shows the same table and the same queries in both forms',
      },
    )
  },
  connect: context => {
    throw new VecError(
      'SQLITE_ERROR',
      `${context.table} is a vec0 table of sqlite-vec, which cannot be queried here: import its data into a vec table`,
      { hint: importOf(context) },
    )
  },
}

/** The commands that copy its data, with the metric that it has. */
function importOf({ db, schema, table, args }: TableContext): string {
  const metric = metricOf(args)
  const name = shellWord(table)
  const source = shellWord(db.filename(schema) || 'old.sqlite')
  return (
    `svec init new.sqlite --table ${name}${metric === undefined ? '' : ` --metric ${metric}`}, ` +
    `then svec import new.sqlite ${source} --from-table ${name} (docs/migrating.md)`
  )
}

/** The id column of the declaration, and the metric where it is another one than that of vec. */
function vecArguments({ args }: TableContext): string {
  const key = args
    .map(text => /^\s*(\w+)\s+\w+\s+primary\s+key\s*$/i.exec(text)?.[1])
    .find(name => name !== undefined)
  const metric = metricOf(args)
  const column = key ?? 'doc_id'
  return metric === undefined || metric === 'cosine' ? column : `${column}, metric=${metric}`
}

/** The metric of the first vector column; undefined for one that vec does not have. */
function metricOf(args: readonly string[]): string | undefined {
  const vector = args.find(text => /^\s*\w+\s+\w+\s*\[\s*\d+\s*\]/.test(text)) ?? ''
  const [, type = ''] = /^\s*\w+\s+(\w+)/.exec(vector) ?? []
  const byType = type.toLowerCase() === 'bit' ? 'hamming' : 'l2'
  const given = /distance_metric\s*=\s*(\w+)/i.exec(vector)?.[1].toLowerCase() ?? byType
  return METRIC_NAMES[given]
}

function hasShadowTables({ db, schema, table }: TableContext): boolean {
  return (
    db
      .prepare(`SELECT 1 FROM ${doubleQuoted(schema)}.sqlite_schema WHERE name = ? || '_chunks'`)
      .pluck()
      .get(table) !== undefined
  )
}

function identifier(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : doubleQuoted(name)
}
