import type { EmbeddingType } from '../core/embedding-type.ts'
import { doubleQuoted } from '../core/quote.ts'
import type { SqlValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { float32Bytes } from '../search/schema/stored-vector.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Statement } from '../sqlite/statement.ts'

/** Why a search skips a document. */
export type Reason = 'unembedded' | 'archived' | 'zero'

/** The number of stored documents that no search finds, by reason. */
export type UnfindableCounts = Readonly<Record<Reason, number>>

/** Up to this many documents are checked again at the end. Further ones are assumed to be unchanged. */
const MOST = 100_000

/**
 * Counts the documents that an import stores and no search will find. If ids may occur twice, a later document can
 * change that, so the rows themselves are read at the end.
 */
export class Unfindable {
  readonly #row: Statement
  readonly #known: Statement
  readonly #counts: Record<Reason, number> = { unembedded: 0, archived: 0, zero: 0 }
  readonly #again = new Map<string, readonly [dataset: string, id: string]>()
  readonly #archivedCounts: boolean
  readonly #cosine: boolean
  readonly #type: EmbeddingType

  /** `cosine`: a vector of zeros does not have a direction. `archivedCounts`: searches find archived rows. */
  constructor(
    db: Connection,
    shadow: string,
    columns: ReadonlySet<string>,
    options: {
      readonly type: EmbeddingType
      readonly cosine: boolean
      readonly archivedCounts: boolean
    },
  ) {
    const from = `FROM main.${doubleQuoted(shadow)} WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ?`
    const archived = columns.has(COLUMN.archived) ? COLUMN.archived : 'NULL'
    this.#row = db.prepare(`SELECT ${COLUMN.embedding}, ${archived} ${from}`).raw()
    this.#known = db.prepare(`SELECT 1 ${from}`).pluck()
    this.#archivedCounts = options.archivedCounts
    this.#cosine = options.cosine
    this.#type = options.type
  }

  reasonFor(embedding: Uint8Array | null, archived: boolean): Reason | undefined {
    if (embedding === null || embedding.length === 0) return 'unembedded'
    if (archived && !this.#archivedCounts) return 'archived'
    return this.#cosine && isZero(embedding) ? 'zero' : undefined
  }

  has(dataset: string, id: string): boolean {
    return this.#known.get(dataset, id) !== undefined
  }

  /** Counts a document whose row is final. */
  count(reason: Reason): void {
    this.#counts[reason]++
  }

  /** Counts a document that a later one may replace or be merged into. */
  countLater(reason: Reason, dataset: string, id: string): void {
    if (this.#again.size === MOST) this.#counts[reason]++
    else this.#again.set(JSON.stringify([dataset, id]), [dataset, id])
  }

  counts(): UnfindableCounts {
    const counts = { ...this.#counts }
    for (const key of this.#again.values()) {
      const row = this.#row.get(...key) as SqlValue[] | undefined
      if (!row) continue
      const [embedding, archived] = row
      if (embedding instanceof Uint8Array && embedding.length % this.#type.bytes !== 0) continue
      const bytes = embedding instanceof Uint8Array ? float32Bytes(this.#type, embedding) : null
      const reason = this.reasonFor(bytes, Number(archived ?? 0) !== 0)
      if (reason) counts[reason]++
    }
    return counts
  }

  /** Returns a function that undoes the counts since, as the rows were undone. */
  mark(): () => void {
    const counts = { ...this.#counts }
    const keys = new Set(this.#again.keys())
    return () => {
      Object.assign(this.#counts, counts)
      for (const key of this.#again.keys()) if (!keys.has(key)) this.#again.delete(key)
    }
  }
}

/** Whether all float32 numbers are 0 or -0. */
function isZero(embedding: Uint8Array): boolean {
  return embedding.every((byte, i) => (i % 4 === 3 ? byte & 0x7f : byte) === 0)
}
