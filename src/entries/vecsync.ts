export { syncNames, type SyncNames } from '../replication/sync-names.ts'
export {
  logTableDDL,
  mysqlShadowLogTriggers,
  postgresShadowLogTriggers,
  seqTableDDL,
  shadowTableDDL,
  sqliteShadowLogTriggers,
  upstreamDDL,
  upstreamScript,
  type Database,
  type DdlOptions,
} from '../replication/upstreams/registry.ts'
export { replicaDDL } from '../replication/replica-schema.ts'
export {
  createDataset,
  dropDataset,
  position,
  type DatasetOptions,
} from '../replication/datasets.ts'
export { installUpstream, type InstallOptions, type InstallReport } from '../replication/install.ts'
export { mysqlUpstream, type MysqlConnection } from '../replication/upstreams/mysql/upstream.ts'
export {
  postgresUpstream,
  type PostgresClient,
} from '../replication/upstreams/postgres/upstream.ts'
export { sqliteUpstream } from '../replication/upstreams/sqlite/upstream.ts'
export type { Upstream, UpstreamOptions } from '../replication/upstream.ts'
export type { ServerFacts, ServerProblem } from '../replication/upstream-session.ts'
export type {
  SqliteConnection,
  SqliteStatement,
  SqliteValue,
} from '../database/sqlite-connection.ts'
export {
  createReplicator,
  type ReplicatorOptions,
  type ReplicatorOptions as Config,
} from '../viant/legacy/create-replicator.ts'
export type { LegacyOptions } from '../viant/legacy/open-legacy.ts'
export type { Replicator } from '../replication/replicator.ts'
export type {
  DatasetReport,
  PassResult,
  RebootstrapCode,
  ReplicatorPolicy,
  ReplicatorStatus,
} from '../replication/replicator-options.ts'
export type { DatasetStatus, ReplicatorEvent, ReplicatorEvents } from '../replication/events.ts'
export type { LogEntry, LogOp } from '../replication/log-entry.ts'
export { replicationLag, type DatasetLag } from '../replication/lag.ts'
export { replicaStates } from '../replication/replica-states.ts'
export type { SyncState } from '../replication/sync-state.ts'
export type { SyncDocument } from '../replication/document.ts'
export type { RowDifference } from '../replication/row-difference.ts'
export type { DatasetVerification, VerifyOptions, VerifyReport } from '../replication/verify.ts'
export type { RepairReport } from '../replication/repair.ts'
export { prune, type PruneOptions, type PruneReport } from '../replication/retention.ts'
export {
  createWriter,
  type DocumentInput,
  type WriteBatch,
  type Writer,
  type WriteResult,
  type WriterOptions,
} from '../replication/writer.ts'
export type { HaltCode, SyncErrorCode } from '../core/errors.ts'
