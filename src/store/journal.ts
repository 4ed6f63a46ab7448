import type { Connection } from '../engine/connection.ts'
import type { Statement } from '../engine/statement.ts'
import { Utf8 } from '../engine/values.ts'
import { JOURNAL, JOURNAL_STATE } from './layout.ts'
import { quoteName } from './names.ts'

/**
 * A point in the history of a file: what an index covers, or where a snapshot stands. Two points are the same history
 * when the entry with that number still carries the same random tag: a rolled-back, restored or rewritten journal
 * cannot have it.
 */
export interface Point {
  readonly epoch: number
  /** Number of the last entry; 0 before the first. */
  readonly seq: number
  readonly tag: bigint
}

export interface JournalHead extends Point {
  readonly prunedSeq: number
}

/** The change journal of one schema of one connection. */
export class Journal {
  readonly #head: Statement
  readonly #tag: Statement
  readonly #tail: Statement

  constructor(db: Connection, schema: string) {
    const journal = `${quoteName(schema)}.${JOURNAL}`
    this.#head = db.prepare(
      `SELECT s.epoch, s.pruned_seq, j.seq, j.tag FROM ${quoteName(schema)}.${JOURNAL_STATE} AS s
       LEFT JOIN (SELECT seq, tag FROM ${journal} ORDER BY seq DESC LIMIT 1) AS j WHERE s.id = 1`,
    )
    this.#tag = db.prepare(`SELECT tag FROM ${journal} WHERE seq = ?`)
    this.#tail = db.prepare(
      `SELECT DISTINCT id FROM ${journal} WHERE seq > ? AND shadow_table = ? AND dataset_id = ?`,
    )
  }

  /** Where this connection's snapshot stands; undefined when the state's row is gone. */
  head(): JournalHead | undefined {
    const head = this.#head
    head.start()
    try {
      if (!head.step()) return undefined
      const none = head.isNull(2)
      return {
        epoch: head.number(0),
        prunedSeq: head.number(1),
        seq: none ? 0 : head.number(2),
        tag: none ? 0n : head.bigint(3),
      }
    } finally {
      head.end()
    }
  }

  /** Whether this snapshot's history goes through `point`, with every entry behind it still there. */
  follows(point: Point, head: JournalHead): boolean {
    if (point.epoch !== head.epoch) return false
    if (point.seq === head.seq) return point.tag === head.tag
    if (point.seq > head.seq || point.seq < head.prunedSeq) return false
    if (point.seq === 0) return true
    const tag = this.#tag
    tag.start(point.seq)
    try {
      return tag.step() && tag.bigint(0) === point.tag
    } finally {
      tag.end()
    }
  }

  /** The ids of a slice that changed after `seq`, each once, as UTF-8. At most `limit`; more give undefined. */
  changedIds(
    seq: number,
    shadow: string,
    dataset: string,
    limit: number,
  ): Uint8Array[] | undefined {
    const tail = this.#tail
    const ids: Uint8Array[] = []
    tail.start(seq, shadow, dataset)
    try {
      while (tail.step()) {
        if (ids.length === limit) return undefined
        ids.push(tail.bytes(0).slice())
      }
    } finally {
      tail.end()
    }
    return ids
  }

  dispose(): void {
    for (const statement of [this.#head, this.#tag, this.#tail]) statement.finalize()
  }
}

/** Writes an entry for each id, as the triggers do for a change. */
export function noteChanges(
  db: Connection,
  schema: string,
  shadow: string,
  dataset: string,
  ids: readonly Uint8Array[],
): void {
  const insert = db.prepare(
    `INSERT INTO ${quoteName(schema)}.${JOURNAL}(tag, shadow_table, dataset_id, id) VALUES (random(), ?, ?, ?)`,
  )
  try {
    for (const id of ids) insert.run(shadow, dataset, new Utf8(id))
  } finally {
    insert.finalize()
  }
}
