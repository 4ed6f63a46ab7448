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
export { Statement, type NamedParameters, type RunResult } from './engine/statement.ts'
export type { ColumnDefinition } from './engine/native-statement.ts'
export type { RowReader } from './engine/row-reader.ts'
export type { StatementCursor } from './engine/statement-cursor.ts'
export type { FunctionOptions, SqlFunction } from './engine/functions.ts'
export type { Transaction } from './engine/transaction.ts'
export { Utf8, type BindValue, type SqlValue } from './engine/values.ts'
export { registerModule } from './engine/vtab.ts'
export { OP, type Constraint, type IndexInfo, type OrderTerm } from './engine/index-info.ts'
export {
  UNCHANGED,
  type FilterArguments,
  type OnConflict,
  type ResultWriter,
  type RowChange,
  type RowDelete,
  type RowInsert,
  type RowUpdate,
  type TableContext,
  type TableRisk,
  type VirtualCursor,
  type VirtualTable,
  type VirtualTableModule,
  type WrittenValue,
} from './engine/virtual-table.ts'
export { VecError, type ErrorCode, type SqliteErrorCode, type VecErrorCode } from './errors.ts'
export { insertMany, type InsertManyOptions, type InsertRow } from './engine/insert-many.ts'
