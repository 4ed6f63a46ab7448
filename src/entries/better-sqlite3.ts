/** A drop-in for better-sqlite3: the same class over this package's SQLite, without a native addon. */
/* oxlint-disable import/no-default-export -- the class is the default export of better-sqlite3 */
export { BetterSqlite3 as default } from '../better-sqlite3/better-sqlite3.ts'
export type {
  BindParameters,
  Database,
  DatabaseConstructor,
  Statement,
  VirtualTableOptions,
} from '../better-sqlite3/public-types.ts'
export { SqliteError } from '../better-sqlite3/sqlite-error.ts'
export type { ColumnDefinition, RunResult } from '../better-sqlite3/statement.ts'
export type { Transaction } from '../better-sqlite3/transaction.ts'
export type { BackupMetadata, BackupOptions } from '../better-sqlite3/backup.ts'
export type { AggregateOptions, RegistrationOptions } from '../better-sqlite3/functions.ts'
export type { DatabaseOptions } from '../better-sqlite3/open-database.ts'
