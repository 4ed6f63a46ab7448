/** SQLite files: connections, statements, functions, virtual tables. */
export { open } from './tables/register.ts'
export {
  loadEngine,
  lockSupport,
  openConnection,
  type LockSupport,
  type OpenOptions,
} from './engine/open.ts'
export { Connection, type TransactionState } from './engine/connection.ts'
export {
  Statement,
  type ColumnDefinition,
  type NamedParameters,
  type RunResult,
} from './engine/statement.ts'
export type { FunctionOptions, SqlFunction } from './engine/functions.ts'
export type { Transaction } from './engine/transaction.ts'
export type { BindValue, SqlValue } from './engine/values.ts'
export { registerModule } from './engine/vtab.ts'
export { OP, type Constraint, type IndexInfo, type OrderTerm } from './engine/index-info.ts'
export {
  UNCHANGED,
  type FilterArguments,
  type ResultWriter,
  type RowChange,
  type TableContext,
  type VirtualCursor,
  type VirtualTable,
  type VirtualTableModule,
} from './engine/virtual-table.ts'
export { VecError, type ErrorCode, type SqliteErrorCode, type VecErrorCode } from './errors.ts'
export { insertMany, type InsertManyOptions, type InsertRow } from './engine/insert-many.ts'
