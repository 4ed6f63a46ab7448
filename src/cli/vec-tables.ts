import type { Connection } from '../entries/main.ts'
import { shadowTableName } from '../entries/vec.ts'
import { CliError, usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'
import { didYouMean } from './nearest.ts'
import { shellWord } from './shell-word.ts'
import { quoteName } from './sql-names.ts'

/** A vec table of a file. */
export interface VecTable {
  readonly name: string
  /** The ordinary table with its documents. */
  readonly shadow: string
  /** Its column of ids. */
  readonly column: string
}

export const TABLE_OPTION: CommandOptions = {
  table: {
    type: 'string',
    short: 't',
    value: 'name',
    description: 'the vec table; may be left out when the file has only one',
  },
}

/** Names of the vec tables of a file, in alphabetical order. */
export function vecTableNames(db: Connection): string[] {
  const names = db.prepare(
    `SELECT name FROM main.sqlite_schema WHERE type = 'table'
     AND sql LIKE 'CREATE VIRTUAL TABLE%' AND rtrim(lower(substr(sql, instr(lower(sql), ' using ') + 7, 4)), '( ') = 'vec'
     ORDER BY name`,
  )
  try {
    return names.pluck().all() as string[]
  } finally {
    names.finalize()
  }
}

/** The table of --table, or the only one there is. */
export function chosenTable(context: Context, db: Connection, path: string): VecTable {
  const wanted = context.flags.text('table')
  const names = vecTableNames(db)
  if (names.length === 0) {
    throw new CliError('CLI_FILE', `${path} has no vec table`, {
      hint: `make one: svec init ${shellWord(path)}${wanted === undefined ? '' : ` --table ${shellWord(wanted)}`}`,
    })
  }
  if (wanted === undefined) {
    if (names.length === 1) return describeTable(db, names[0])
    throw usageError(
      `${path} has ${names.length} vec tables: ${names.join(', ')}`,
      `name one of them with --table, for instance --table ${shellWord(names[0])}`,
    )
  }
  const found = names.find(name => name.toLowerCase() === wanted.toLowerCase())
  if (found === undefined) {
    throw new CliError(
      'CLI_FILE',
      `${path} has no vec table '${wanted}'${didYouMean(wanted, names)}`,
      {
        hint: `its vec tables are ${names.join(', ')}; make another: svec init ${shellWord(path)} --table ${shellWord(wanted)}`,
      },
    )
  }
  return describeTable(db, found)
}

export function describeTable(db: Connection, name: string): VecTable {
  const columns = db.prepare(`SELECT name FROM pragma_table_xinfo(?) ORDER BY cid`)
  try {
    const [, column] = columns.pluck().all(name) as string[]
    return { name, shadow: shadowTableName(name), column }
  } finally {
    columns.finalize()
  }
}

/** The datasets of a table of documents, each found with one step in the primary key. */
export function datasetsOf(db: Connection, shadow: string): string[] {
  const table = quoteName(shadow)
  const list = db.prepare(
    `WITH RECURSIVE d(id) AS (
       SELECT min(dataset_id) FROM main.${table}
       UNION ALL SELECT (SELECT min(dataset_id) FROM main.${table} WHERE dataset_id > d.id) FROM d WHERE d.id IS NOT NULL)
     SELECT id FROM d WHERE id IS NOT NULL`,
  )
  try {
    return list.pluck().all().map(String)
  } finally {
    list.finalize()
  }
}

/** The dataset of --dataset, or the only one there is. */
export function chosenDataset(context: Context, db: Connection, table: VecTable): string {
  const wanted = context.flags.text('dataset')
  if (wanted !== undefined) return wanted
  const datasets = datasetsOf(db, table.shadow)
  if (datasets.length === 1) return datasets[0]
  if (datasets.length === 0) {
    throw new CliError('CLI_FILE', `the table ${table.name} is empty`, {
      hint: 'fill it with svec import',
    })
  }
  const some = datasets.slice(0, 5).join(', ')
  throw usageError(
    `the table ${table.name} has ${datasets.length} datasets: ${some}${datasets.length > 5 ? ', ...' : ''}`,
    'name one of them with --dataset',
  )
}
