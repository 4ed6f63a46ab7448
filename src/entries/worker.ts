/** A database in a worker: each call returns a Promise, and none holds up the thread that makes it. */
export { connect, type ConnectOptions } from '../worker/connect.ts'
export { AsyncDatabase } from '../worker/async-database.ts'
export { AsyncCollection, type CollectionWrite } from '../worker/collections/async-collection.ts'
export type {
  AsyncInsertOptions,
  AsyncParameters,
  AsyncQuery,
  AsyncRow,
  AsyncStatement,
  AsyncValue,
  CallOptions,
  RowForm,
  RowOptions,
  StatementResult,
} from '../worker/async-types.ts'
export type { WorkerLike } from '../worker/port.ts'
export type { CollectionOptions } from '../documents/collection/collection-options.ts'
export type {
  MigrateOptions,
  MigrationProgress,
  MigrationReport,
  RollbackOptions,
} from '../documents/migration/migrate.ts'
export type { MigrationStatus } from '../documents/migration/migration-steps.ts'
export type { Hit, HitPage } from '../documents/collection/hit.ts'
export type { RunResult } from '../database/statement.ts'
export type { SqlValue } from '../database/values.ts'
export type { InsertRow } from '../sqlite/vtab/insert-many.ts'
export { VecError, type ErrorCode } from '../core/errors.ts'
