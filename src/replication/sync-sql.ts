/**
 * The statements of replication. Each database has its own text under the same name, with the same parameters and
 * result columns. Numbers of changes and microseconds leave the database as decimal text, so that no driver can round
 * them. (Therefore they are ordered by their qualified column: the bare name would mean the text.)
 */
export interface ReadingSql {
  /** Begins one consistent, read-only view. */
  readonly begin: readonly string[]
  readonly end: string
  /**
   * The one query of an idle interval: []. One row per dataset (at least one row, with `dataset_id` NULL when there
   * is none): upstream_id, protocol, now_us, dataset_id, epoch, deleted (0/1), last_scn, pruned_scn.
   */
  readonly heads: string
  /** The same for one dataset: [dataset]. */
  readonly head: string
  /** Entries from a number on: [dataset, from] -> scn, op, document_id, size, created_us. */
  sizes(limit: number): string
  /** [dataset, from, to] -> scn, payload. */
  readonly payloads: string
  /** [dataset, ...ids] -> id, content, meta, embedding, embedding_model, archived. */
  documents(count: number): string
  /**
   * Ids in byte order with their sizes: [dataset, cursor]; the cursor's own row only with `inclusive`. Ids may be
   * bytes.
   */
  pageSizes(limit: number, inclusive: boolean): string
  /** [dataset, first id, last id] -> as `documents`. */
  readonly page: string
  /** Entries in (from, to]: [dataset, from, to] -> n. */
  readonly countEntries: string
  /** Per bucket of ids: [dataset] -> bucket, n, sum_a, sum_b. Absent if the database lacks md5. */
  readonly checksums: string | undefined
  /** Rows whose key is not text: [dataset, dataset] -> id, flaw. Absent if a column holds only its declared type. */
  readonly strays?: string
  /** Rows of one bucket: [dataset, bucket] -> id, hash. */
  readonly bucket: string | undefined
}

export interface WritingSql {
  readonly begin: readonly string[]
  readonly commit: string
  readonly rollback: string
  /** [replica, dataset, acked] times count. */
  acknowledge(count: number): string
  /** [request, dataset]; writes no row when the request is known. */
  readonly insertRequest: string
  /** [request] -> dataset_id, last_scn. */
  readonly findRequest: string
  /** [last_scn, request] */
  readonly finishRequest: string
  /** Requests older than some seconds: [seconds]. */
  readonly pruneRequests: string
  /** [dataset] -> epoch, deleted; holds a lock that a drop has to wait for. */
  readonly lockDataset: string
  /** [dataset, description, source_uri] */
  readonly insertDataset: string
  /** A new epoch for a dropped dataset: [dataset]. */
  readonly reviveDataset: string
  /** [dataset] */
  readonly tombstone: string
  /** [dataset, id, content, meta, embedding, embedding_model, archived] */
  readonly upsertDocument: string
  /** [dataset, id] */
  readonly deleteDocument: string
  /** [dataset] -> id */
  someIds(limit: number): string
  /** Takes `count` numbers: [dataset, count]. */
  readonly bumpCounter: string
  /** [dataset] -> last_scn */
  readonly readCounter: string
  /** [dataset, scn, op, document_id, payload] times count. */
  insertLog(count: number): string
  /** What may be pruned: [dataset, seconds of silence] -> dataset_id, last_scn, pruned_scn, acked_scn or NULL. */
  readonly pruneHeads: string
  /** The first entry that is too young: [dataset, pruned_scn, seconds] -> scn. */
  readonly youngEntry: string
  /** [dataset, limit] */
  readonly markPruned: string
  /** Deletes at most `limit` entries: [dataset, up to]. */
  deleteEntries(limit: number): string
  /** [] -> n: how many log triggers the shadow table has. */
  readonly countTriggers: string
}

export interface SyncSql {
  /** Run once per connection. */
  readonly session: readonly string[]
  /** Run once per connection; ignored by a server that does not know them. */
  readonly sessionIfKnown: readonly string[]
  readonly reading: ReadingSql
  readonly writing: WritingSql
}

/** The columns of a document, as every reading statement returns them. */
export const DOCUMENT_COLUMNS = 'id, content, meta, embedding, embedding_model, archived'

/** `(?, ?), (?, ?)` */
export function tuples(count: number, tuple: string): string {
  return Array.from({ length: count }, () => tuple).join(', ')
}
