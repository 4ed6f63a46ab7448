import { VecError } from '../../core/errors.ts'
import { didYouMean } from '../../core/suggest.ts'
import { check } from '../../search/diagnostics/check.ts'
import type { Searcher } from '../../search/query/searcher.ts'
import { datasetsOf } from '../../search/schema/datasets.ts'
import { quoteText } from '../../search/schema/names.ts'
import type { TableSchema } from '../../search/schema/table-schema.ts'
import type { RowChange, RowInsert, TableContext } from '../../sqlite/vtab/virtual-table.ts'
import { originalChecks } from '../../viant/export/check-original.ts'
import { sqlText } from '../number-text.ts'
import { addColumn } from './add-column.ts'
import { writtenDataset } from './written-values.ts'

/** The effect of `INSERT INTO t(t) VALUES (command)` on these datasets. An error undoes the statement. */
type Command = (searcher: Searcher, datasets: readonly string[]) => void

const COMMANDS: Readonly<Record<string, Command>> = {
  optimize: (searcher, datasets) => {
    for (const dataset of datasets) {
      const done = searcher.indexes.optimize(dataset)
      if (!done.saved) throw new VecError('VEC_STORAGE', `vec: not saved: ${done.why}`)
    }
  },
  rebuild: (searcher, datasets) => {
    for (const dataset of datasets) searcher.indexes.rebuild(dataset)
    searcher.text?.index.rebuild()
  },
  'integrity-check': (searcher, datasets) => {
    const { schema, name } = searcher.shadow
    const where = `${schema}.${name}`
    const fix = (word: string, dataset: string): string =>
      `SELECT op FROM vec_admin WHERE op MATCH ${quoteText(`${word}:${where}:${dataset}`)}`
    const [first, ...others] = check({ searcher, foreign: originalChecks, fix }, datasets).filter(
      ({ severity }) => severity === 'error',
    )
    if (!first) return
    const more =
      others.length === 0
        ? ''
        : ` (and ${others.length} more: check:${where}: of vec_admin lists them)`
    const dataset = first.dataset === undefined ? '' : `dataset '${first.dataset}': `
    throw new VecError(
      'VEC_STORAGE',
      `vec: integrity-check of ${where}: ${dataset}${first.op}${more}`,
      {
        hint: first.fix ?? fix('check', first.dataset ?? ''),
      },
    )
  },
}

const ADD_COLUMN = /^\s*add\s+column\s+(.*)$/is

/** The declaration of a column that a command adds; undefined for other commands. */
function addedColumn(schema: TableSchema, table: string, change: RowChange): string | undefined {
  if (change.kind !== 'insert') return undefined
  const { rowid, values } = change
  const place = schema.place('command')
  const command = values[place]
  const definition = typeof command === 'string' ? ADD_COLUMN.exec(command)?.[1] : undefined
  if (definition === undefined) return undefined
  if (rowid !== null || values.some((value, at) => value !== null && at !== place)) {
    throw commandError("vec: the command 'add column' takes nothing beside it", table)
  }
  return definition
}

/** Runs the command that a row is. An error undoes the statement. */
export function runCommand(
  context: TableContext,
  searcher: Searcher,
  schema: TableSchema,
  change: RowChange,
): void {
  const { table } = context
  const column = addedColumn(schema, table, change)
  if (column === undefined) runOnDatasets(searcher, schema, table, change)
  else addColumn(context, searcher.shadow, column)
}

/** Runs a command on all datasets, or on the dataset named beside it. */
function runOnDatasets(
  searcher: Searcher,
  schema: TableSchema,
  table: string,
  change: RowChange,
): void {
  if (change.kind !== 'insert') {
    throw commandError(`vec: column ${table} cannot be updated: insert a command into it`, table)
  }
  const { run, dataset } = readCommand(schema, table, change)
  searcher.shadow.inSnapshot(() =>
    run(searcher, dataset === undefined ? datasetsOf(searcher.shadow) : [dataset]),
  )
}

function readCommand(
  schema: TableSchema,
  table: string,
  { rowid, values }: RowInsert,
): { run: Command; dataset: string | undefined } {
  const command = values[schema.place('command')]
  const words = [...Object.keys(COMMANDS), 'add column ...']
  if (typeof command !== 'string') {
    throw commandError(
      `vec: unknown command: expected text (${words.join(', ')}), got ${sqlText(command)}`,
      table,
    )
  }
  if (!Object.hasOwn(COMMANDS, command)) {
    throw commandError(
      `vec: unknown command '${command}'${didYouMean(command, words, "'") || '.'} Expected one of ${words.join(', ')}`,
      table,
    )
  }
  const beside = values.some(
    (value, place) =>
      value !== null && !['command', 'dataset'].includes(schema.columns[place].role),
  )
  if (beside || rowid !== null) {
    throw commandError(`vec: the command '${command}' takes dataset_id only`, table)
  }
  const dataset = values[schema.place('dataset')]
  return {
    run: COMMANDS[command],
    dataset: dataset === null ? undefined : writtenDataset(dataset),
  }
}

function commandError(message: string, table: string): VecError {
  return new VecError('VEC_QUERY', message, {
    hint: `for example INSERT INTO ${table}(${table}) VALUES ('optimize')`,
  })
}
