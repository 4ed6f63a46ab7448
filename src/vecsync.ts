export { syncNames, type Database, type SyncNames } from './schema/sync-names.ts'
export {
  logTableDDL,
  mysqlShadowLogTriggers,
  postgresShadowLogTriggers,
  replicaDDL,
  seqTableDDL,
  shadowTableDDL,
  sqliteShadowLogTriggers,
  upstreamDDL,
  upstreamScript,
  type DdlOptions,
} from './schema/ddl.ts'
export { createDataset, dropDataset, position, type DatasetOptions } from './sync/datasets.ts'
export { installUpstream, type InstallOptions, type InstallReport } from './sync/install.ts'
export { mysqlUpstream, type MysqlConnection } from './sync/mysql/upstream.ts'
export { postgresUpstream, type PostgresClient } from './sync/postgres/upstream.ts'
export { sqliteUpstream } from './sync/sqlite/upstream.ts'
export type { ServerFacts, ServerProblem, Upstream, UpstreamOptions } from './sync/upstream.ts'
export type { SqliteConnection, SqliteStatement, SqliteValue } from './sync/connection.ts'
export { createReplicator, type Replicator } from './sync/replicator.ts'
export type {
  DatasetReport,
  LegacyOptions,
  PassResult,
  RebootstrapCode,
  ReplicatorOptions,
  ReplicatorOptions as Config,
  ReplicatorPolicy,
  ReplicatorStatus,
} from './sync/replicator-options.ts'
export type { DatasetStatus, ReplicatorEvent, ReplicatorEvents } from './sync/events.ts'
export type { LogEntry, LogOp } from './sync/log-entry.ts'
export { replicationLag, type DatasetLag } from './sync/lag.ts'
export { replicaStates } from './sync/replica-states.ts'
export type { SyncState } from './sync/sync-state.ts'
export type { SyncDocument } from './sync/document.ts'
export type { RowDifference } from './sync/row-difference.ts'
export type { DatasetVerification, VerifyOptions, VerifyReport } from './sync/verify.ts'
export type { RepairReport } from './sync/repair.ts'
export { prune, type PruneOptions, type PruneReport } from './sync/retention.ts'
export {
  createWriter,
  type DocumentInput,
  type WriteBatch,
  type Writer,
  type WriteResult,
  type WriterOptions,
} from './sync/writer.ts'
export type { HaltCode, SyncErrorCode } from './errors.ts'
