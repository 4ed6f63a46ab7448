/** SQLite files: connections, statements, functions, virtual tables. */
export { open } from '../tables/register.ts'
export {
  loadEngine,
  lockSupport,
  openConnection,
  readDatabaseHeader,
  type LoadOptions,
} from '../sqlite/load-engine.ts'
export type { WasmSource } from '../sqlite/wasm/wasm-source.ts'
export type { WasmModule } from '../core/wasm-memory.ts'
export type { OpenOptions } from '../sqlite/open-options.ts'
export type { DatabaseHeader, LockSupport } from '../sqlite/platform/platform.ts'
export { Connection } from '../sqlite/connection.ts'
export type { TransactionState } from '../database/database.ts'
export { Statement, type NamedParameters } from '../sqlite/statement.ts'
export type { RunResult } from '../database/statement.ts'
export type { ColumnDefinition } from '../sqlite/native-statement.ts'
export type { RowReader } from '../database/row-reader.ts'
export type { StatementCursor } from '../sqlite/statement-cursor.ts'
export type { FunctionOptions, SqlFunction } from '../sqlite/functions.ts'
export type { AggregateOptions } from '../sqlite/aggregates.ts'
export { backup } from '../sqlite/backup-file.ts'
export type { BackupOptions, BackupProgress } from '../sqlite/backup.ts'
export type { Interruption } from '../database/database.ts'
export type { Transaction } from '../database/transaction.ts'
export { Utf8 } from '../core/utf8.ts'
export type { BindValue, SqlValue } from '../database/values.ts'
export { registerModule } from '../sqlite/vtab/vtab.ts'
export {
  OP,
  type Constraint,
  type IndexInfo,
  type OrderTerm,
  type Plan,
  type PlanTerm,
} from '../sqlite/vtab/index-info.ts'
export {
  UNCHANGED,
  type OnConflict,
  type ResultWriter,
  type RowChange,
  type RowDelete,
  type RowInsert,
  type RowUpdate,
  type TableContext,
  type TableRisk,
  type TermValue,
  type VirtualCursor,
  type VirtualTable,
  type VirtualTableModule,
  type WrittenValue,
} from '../sqlite/vtab/virtual-table.ts'
export {
  VecError,
  type ErrorCode,
  type SqliteErrorCode,
  type VecErrorCode,
} from '../core/errors.ts'
export { insertMany, type InsertManyOptions, type InsertRow } from '../sqlite/vtab/insert-many.ts'
