import { shellWord } from '../core/shell-word.ts'
import { didYouMean } from '../core/suggest.ts'
import type { Connection } from '../entries/main.ts'
import { describeTable, vecTableNames, type TableDescription } from '../entries/vec.ts'
import { CliError, usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'

export const TABLE_OPTION: CommandOptions = {
  table: {
    type: 'string',
    short: 't',
    value: 'name',
    description: 'the vec table; optional if the file has only one',
  },
}

/** The option --dataset. With `multiple` it may be repeated. */
export function datasetOption(description: string, multiple = false): CommandOptions[string] {
  return { type: 'string', short: 'd', value: 'name', multiple, description }
}

/** Only the names of the datasets: counting their rows would take longer than a search. */
export function describe(db: Connection, name: string): TableDescription {
  return describeTable(db, name, { counts: false })
}

/** The table of --table, or the only one. */
export function chosenTable(context: Context, db: Connection, path: string): TableDescription {
  const wanted = context.flags.text('table')
  const names = vecTableNames(db)
  if (names.length === 0) {
    throw new CliError('CLI_FILE', `${path} does not contain a vec table`, {
      hint: `create one: svec init ${shellWord(path)}${wanted === undefined ? '' : ` --table ${shellWord(wanted)}`}`,
    })
  }
  if (wanted === undefined) {
    if (names.length === 1) return describe(db, names[0])
    throw usageError(
      `${path} has ${names.length} vec tables: ${names.join(', ')}`,
      `choose one with --table, for example --table ${shellWord(names[0])}`,
    )
  }
  const found = names.find(name => name.toLowerCase() === wanted.toLowerCase())
  if (found !== undefined) return describe(db, found)
  throw new CliError(
    'CLI_FILE',
    `${path} does not contain a vec table '${wanted}'${didYouMean(wanted, names)}`,
    {
      hint: `its vec tables are ${names.join(', ')}; create another: svec init ${shellWord(path)} --table ${shellWord(wanted)}`,
    },
  )
}

/** The dataset of --dataset, or the only one. */
export function chosenDataset(
  wanted: string | undefined,
  { name, datasets }: TableDescription,
): string {
  if (wanted !== undefined) return wanted
  if (datasets.length === 1) return datasets[0].name
  if (datasets.length === 0) {
    throw new CliError('CLI_FILE', `the table ${name} is empty`, {
      hint: 'fill it with svec import',
    })
  }
  const some = datasets.slice(0, 5).map(dataset => dataset.name)
  throw usageError(
    `the table ${name} has ${datasets.length} datasets: ${some.join(', ')}${datasets.length > 5 ? ', ...' : ''}`,
    'choose one with --dataset',
  )
}
