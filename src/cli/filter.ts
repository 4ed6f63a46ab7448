import { VecError, type Connection } from '../main.ts'
import { inputError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import { quoteName } from './sql-names.ts'
import type { VecTable } from './vec-tables.ts'

export const FILTER_OPTION: CommandOptions = {
  filter: {
    type: 'string',
    value: 'SQL',
    description: "a condition on the documents: \"json_extract(meta, '$.lang') = 'en'\"",
  },
}

/** Checks a condition on its own first, so that its mistakes are told as its own. */
export function checkedFilter(db: Connection, table: VecTable, condition: string): string {
  const shadow = `main.${quoteName(table.shadow)}`
  try {
    // On lines of its own a condition may end in a comment.
    db.prepare(`SELECT 1 FROM ${shadow} WHERE (\n${condition}\n)`).finalize()
  } catch (error) {
    if (!(error instanceof VecError) && !(error instanceof RangeError)) throw error
    const info = db.prepare('SELECT name FROM pragma_table_info(?)').pluck()
    const columns = info.all(table.shadow).join(', ')
    throw inputError(
      `--filter: ${error.message}`,
      `a condition of SQL on the columns of ${table.shadow}: ${columns}`,
    )
  }
  return `(\n${condition}\n)`
}
