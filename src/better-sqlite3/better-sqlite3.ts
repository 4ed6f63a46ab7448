import type { BackupMetadata as Progress, BackupOptions as Copying } from './backup.ts'
import { Database as Class } from './database.ts'
import type {
  AggregateOptions as Aggregating,
  RegistrationOptions as Registering,
} from './functions.ts'
import type { DatabaseOptions } from './open-database.ts'
import type {
  BindParameters,
  Database as Opened,
  DatabaseConstructor,
  Statement as Prepared,
  VirtualTableOptions as Table,
} from './public-types.ts'
import { SqliteError as Failure } from './sqlite-error.ts'
import type { ColumnDefinition as Column, RunResult as Ran } from './statement.ts'
import type { Transaction as Variants } from './transaction.ts'

const BetterSqlite3: DatabaseConstructor = new Proxy(Class, {
  apply: (target, _self, args: [string?, DatabaseOptions?]) => new target(...args),
}) as unknown as DatabaseConstructor
Object.defineProperty(Class, 'SqliteError', { value: Failure, enumerable: true })
Object.defineProperty(Class.prototype, 'constructor', {
  value: BetterSqlite3,
  writable: true,
  configurable: true,
})

// The types of @types/better-sqlite3, under the same names, such as `Database.Statement`.
declare namespace BetterSqlite3 {
  type Database = Opened
  type Options = DatabaseOptions
  type SqliteError = Failure
  type Statement<Bind extends BindParameters = unknown[], Result = unknown> = Bind extends unknown[]
    ? Prepared<Bind, Result>
    : Prepared<[Bind], Result>
  type RunResult = Ran
  type ColumnDefinition = Column
  type Transaction<F extends (...args: never[]) => unknown = (...args: unknown[]) => unknown> =
    Variants<F>
  type VirtualTableOptions = Table
  type SerializeOptions = NonNullable<Parameters<Opened['serialize']>[0]>
  type PragmaOptions = NonNullable<Parameters<Opened['pragma']>[1]>
  type BackupMetadata = Progress
  type BackupOptions = Copying
  type AggregateOptions = Aggregating
  type RegistrationOptions = Registering
}

export { BetterSqlite3 }
