import { Utf8 } from '../../core/utf8.ts'
import type { Database } from '../../database/database.ts'
import { firstRow } from '../../database/query.ts'
import type { Statement } from '../../database/statement.ts'
import { JOURNAL, JOURNAL_STATE } from '../schema/layout.ts'
import { quoteName } from '../schema/names.ts'

/**
 * A position in the history of a file: what an index covers, or what a snapshot sees. Two positions belong to the same
 * history if the entry with that number still has the same random tag. A rolled-back, restored or rewritten journal
 * cannot have it.
 */
export interface LogPosition {
  readonly epoch: number
  /** The number of the last entry; 0 before the first. */
  readonly seq: number
  /** A random number of 64 bits. */
  readonly tag: bigint
}

/** The key of a row, in UTF-8. */
export interface DocumentKey {
  readonly dataset: Uint8Array
  readonly id: Uint8Array
}

export interface JournalHead extends LogPosition {
  readonly prunedSeq: number
}

/** The highest number that is supported: SQLite counts to 2^63, but a double is exact only up to this. */
const HIGHEST: number = Number.MAX_SAFE_INTEGER

/** SQL: whether an entry, or the state, has numbers that none of our triggers wrote, and that are unreliable. */
export const UNSOUND_ENTRY: string = `(seq NOT BETWEEN 1 AND ${HIGHEST} OR typeof(tag) <> 'integer')`
export const UNSOUND_STATE: string = `(typeof(epoch) <> 'integer' OR epoch NOT BETWEEN 0 AND ${HIGHEST}
  OR typeof(pruned_seq) <> 'integer' OR pruned_seq NOT BETWEEN 0 AND ${HIGHEST})`

/** The change journal of one schema of one connection. */
export class Journal {
  readonly #head: Statement
  readonly #tag: Statement
  readonly #tail: Statement
  readonly #keys: Statement

  constructor(db: Database, schema: string) {
    const journal = `${quoteName(schema)}.${JOURNAL}`
    this.#head = db.prepare(
      `SELECT s.epoch, s.pruned_seq, j.seq, j.tag, ${UNSOUND_STATE} OR (seq IS NOT NULL AND ${UNSOUND_ENTRY})
       FROM ${quoteName(schema)}.${JOURNAL_STATE} AS s
       LEFT JOIN (SELECT seq, tag FROM ${journal} ORDER BY seq DESC LIMIT 1) AS j WHERE s.id = 1`,
    )
    this.#tag = db.prepare(`SELECT tag FROM ${journal} WHERE seq = ?`)
    // The same bytes as BLOB and as text count as one id here, so a row is looked up once.
    this.#tail = db.prepare(
      `SELECT DISTINCT CAST(id AS TEXT) FROM ${journal} WHERE seq > ? AND shadow_table = ? AND dataset_id = ?`,
    )
    this.#keys = db.prepare(
      `SELECT DISTINCT CAST(dataset_id AS TEXT), CAST(id AS TEXT) FROM ${journal}
       WHERE seq > ? AND shadow_table = ?`,
    )
  }

  /**
   * The position of this connection's snapshot. 'missing': the state's row does not exist. 'unsound': the last entry or
   * the state has numbers that are not ours, after which SQLite may number changes in any order, so no index can be
   * updated.
   */
  head(): JournalHead | 'missing' | 'unsound' {
    const head = this.#head.first([], row => {
      if (row.number(4) !== 0) return 'unsound'
      const none = row.isNull(2)
      return {
        epoch: row.number(0),
        prunedSeq: row.number(1),
        seq: none ? 0 : row.number(2),
        tag: none ? 0n : row.bigint(3),
      }
    })
    return head ?? 'missing'
  }

  /** Whether this snapshot's history contains `logPosition`, and every entry after it still exists. */
  follows(logPosition: LogPosition, head: JournalHead): boolean {
    if (logPosition.epoch !== head.epoch) return false
    if (logPosition.seq === head.seq) return logPosition.tag === head.tag
    if (logPosition.seq > head.seq || logPosition.seq < head.prunedSeq) return false
    if (logPosition.seq === 0) return true
    return this.#tag.first([logPosition.seq], row => row.bigint(0) === logPosition.tag) ?? false
  }

  /** The ids of an index that changed after `seq`, without duplicates, in UTF-8. Undefined for more than `limit`. */
  changedIds(
    seq: number,
    shadow: string,
    dataset: string,
    limit: number,
  ): Uint8Array[] | undefined {
    const ids: Uint8Array[] = []
    let more = false
    this.#tail.each([seq, shadow, dataset], row => {
      more = ids.length === limit
      if (!more) ids.push(row.bytes(0).slice())
      return !more
    })
    return more ? undefined : ids
  }

  /**
   * The keys of a table's rows that changed after `seq`, without duplicates, in UTF-8. Undefined for more than `limit`.
   */
  changedKeys(seq: number, shadow: string, limit: number): DocumentKey[] | undefined {
    const keys: DocumentKey[] = []
    let more = false
    this.#keys.each([seq, shadow], row => {
      more = keys.length === limit
      if (!more) keys.push({ dataset: row.bytes(0).slice(), id: row.bytes(1).slice() })
      return !more
    })
    return more ? undefined : keys
  }

  dispose(): void {
    for (const statement of [this.#head, this.#tag, this.#tail, this.#keys]) statement.finalize()
  }
}

/**
 * The numbers of the first and the last entry, both 0 without entries; undefined if an entry or the state is unsound.
 */
export function journalRange(
  db: Database,
  schema: string,
): { readonly first: number; readonly last: number } | undefined {
  const inSchema = quoteName(schema)
  const ends = (end: string): string =>
    `(SELECT seq FROM ${inSchema}.${JOURNAL} ORDER BY seq ${end} LIMIT 1)`
  const sql = `SELECT coalesce(${ends('ASC')}, 0), coalesce(${ends('DESC')}, 0),
    EXISTS (SELECT 1 FROM ${inSchema}.${JOURNAL_STATE} WHERE ${UNSOUND_STATE})`
  return firstRow(db, sql, [], row => {
    const [first, last] = [row.number(0), row.number(1)]
    const sound = first >= 0 && last <= HIGHEST && (first > 0 || last === 0) && row.number(2) === 0
    return sound ? { first, last } : undefined
  })
}

/** Adds an entry for each id, as the triggers do for a change. */
export function noteChanges(
  db: Database,
  schema: string,
  shadow: string,
  dataset: string,
  ids: readonly Uint8Array[],
): void {
  using insert = db.prepare(
    `INSERT INTO ${quoteName(schema)}.${JOURNAL}(tag, shadow_table, dataset_id, id) VALUES (random(), ?, ?, ?)`,
  )
  for (const id of ids) insert.run(shadow, dataset, new Utf8(id))
}
