import type { BackupMetadata as Progress, BackupOptions as Copying } from './backup.ts'
import { Database as Class } from './database.ts'
import type {
  AggregateOptions as Aggregating,
  RegistrationOptions as Registering,
} from './functions.ts'
import type { DatabaseOptions } from './open-database.ts'
import { SqliteError as Failure } from './sqlite-error.ts'
import type {
  ColumnDefinition as Column,
  RunResult as Ran,
  Statement as Prepared,
} from './statement.ts'
import type { Transaction as Variants } from './transaction.ts'

/** The class Database, which makes a database without `new` as well. */
export interface DatabaseConstructor {
  new (filename?: string | Buffer | null, options?: DatabaseOptions | null): Class
  (filename?: string | Buffer | null, options?: DatabaseOptions | null): Class
  readonly SqliteError: typeof Failure
}

const BetterSqlite3: DatabaseConstructor = new Proxy(Class, {
  apply: (target, _self, args: [string?, DatabaseOptions?]) => new target(...args),
}) as typeof Class & DatabaseConstructor
Object.defineProperty(Class, 'SqliteError', { value: Failure, enumerable: true })
Object.defineProperty(Class.prototype, 'constructor', {
  value: BetterSqlite3,
  writable: true,
  configurable: true,
})

// The types of @types/better-sqlite3, by their names: `Database.Statement` is one.
declare namespace BetterSqlite3 {
  type Database = Class
  type Options = DatabaseOptions
  type SqliteError = Failure
  type Statement = Prepared
  type RunResult = Ran
  type ColumnDefinition = Column
  type Transaction<F extends (...args: never[]) => unknown> = Variants<F>
  type BackupMetadata = Progress
  type BackupOptions = Copying
  type AggregateOptions = Aggregating
  type RegistrationOptions = Registering
}

export { BetterSqlite3 }
