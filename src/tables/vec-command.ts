import { UNCHANGED, type RowChange, type RowInsert } from '../engine/virtual-table.ts'
import { VecError } from '../errors.ts'
import type { Searcher } from '../store/search.ts'
import { indexFaults } from './index-faults.ts'
import { nearest } from './vec-options.ts'
import { COLUMN } from './vec-plan.ts'
import { writtenDataset } from './written-values.ts'

/** What `INSERT INTO t(t) VALUES (command)` does to one dataset; an error undoes the statement. */
const COMMANDS: Readonly<Record<string, (searcher: Searcher, dataset: string) => void>> = {
  optimize: (searcher, dataset) => {
    const [answer] = searcher.slices.optimize(dataset)
    if (answer !== 'optimized') throw new VecError('VEC_STORAGE', `vec: ${answer}`)
  },
  rebuild: (searcher, dataset) => void searcher.slices.rebuild(dataset),
  'integrity-check': (searcher, dataset) => {
    const faults = indexFaults(searcher, dataset)
    if (faults.length === 0) return
    throw new VecError(
      'VEC_STORAGE',
      `vec: integrity-check of dataset '${dataset}' of ${searcher.shadow.schema}.${searcher.shadow.name}: ${faults.join('; ')}`,
      { hint: "INSERT INTO t(t) VALUES ('rebuild') builds the indexes anew" },
    )
  },
}

/** A row of which the column named like the table is set: the habit of FTS5. */
export function isCommand(change: RowChange): boolean {
  if (change.kind === 'delete') return false
  const command = change.values[COLUMN.COMMAND] ?? null
  return command !== (change.kind === 'update' ? UNCHANGED : null) && command !== null
}

/** Runs a command over all datasets, or the one that is named beside it. */
export function runCommand(searcher: Searcher, table: string, change: RowChange): void {
  if (change.kind !== 'insert') {
    throw commandError(`vec: ${table} is no column to update: commands are inserted`, table)
  }
  const { run, dataset } = readCommand(table, change)
  searcher.shadow.inSnapshot(() => {
    for (const one of dataset === undefined ? datasetsOf(searcher) : [dataset]) run(searcher, one)
  })
}

function readCommand(
  table: string,
  { rowid, values }: RowInsert,
): { run: (searcher: Searcher, dataset: string) => void; dataset: string | undefined } {
  const command = values[COLUMN.COMMAND]
  const words = Object.keys(COMMANDS)
  if (typeof command !== 'string' || !Object.hasOwn(COMMANDS, command)) {
    const meant =
      typeof command === 'string'
        ? `: did you mean '${nearest(command.toLowerCase(), words)}'?`
        : ''
    const written = typeof command === 'string' ? `'${command}'` : 'what is no text'
    throw commandError(
      `vec: unknown command ${written}${meant} Commands are ${words.join(', ')}`,
      table,
    )
  }
  const beside = values.some(
    (value, column) => value !== null && column !== COLUMN.COMMAND && column !== COLUMN.DATASET,
  )
  if (beside || rowid !== null) {
    throw commandError(
      `vec: the command '${command}' takes nothing beside it but dataset_id`,
      table,
    )
  }
  const dataset = values[COLUMN.DATASET]
  return {
    run: COMMANDS[command],
    dataset: dataset === null ? undefined : writtenDataset(dataset),
  }
}

function datasetsOf({ shadow }: Searcher): string[] {
  const statement = shadow.statement(
    "SELECT DISTINCT dataset_id COLLATE BINARY FROM {table} WHERE typeof(dataset_id) = 'text'",
  )
  const datasets: string[] = []
  statement.start()
  try {
    while (statement.step()) datasets.push(statement.text(0))
  } finally {
    statement.end()
  }
  return datasets
}

function commandError(message: string, table: string): VecError {
  return new VecError('VEC_QUERY', message, {
    hint: `for instance INSERT INTO ${table}(${table}) VALUES ('optimize')`,
  })
}
