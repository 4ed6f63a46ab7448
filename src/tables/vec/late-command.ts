import { LateCode } from '../../core/late-code.ts'
import type { TableSchema } from '../../search/schema/table-schema.ts'
import { UNCHANGED, type RowChange } from '../../sqlite/vtab/virtual-table.ts'
import type * as commands from './vec-command.ts'

/** What runs the commands of vec tables. `register` provides it. */
export const lateCommands: LateCode<typeof commands> = new LateCode('the commands of vec tables')

/** Whether a row sets the column that has the name of the table, as commands of FTS5 do. */
export function isCommand(schema: TableSchema, change: RowChange): boolean {
  if (change.kind === 'delete') return false
  const command = change.values[schema.place('command')] ?? null
  return command !== (change.kind === 'update' ? UNCHANGED : null) && command !== null
}
