import { doubleQuoted } from '../core/quote.ts'
import type { SqlValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Statement } from '../sqlite/statement.ts'

/** Why a search passes a document over. */
export type Reason = 'unembedded' | 'archived' | 'zero'

/** Documents that are stored and that no search finds, by reason. */
export type UnfindableCounts = Readonly<Record<Reason, number>>

/** So many are looked at again at the end; of more it is taken that they stayed as they came. */
const MOST = 100_000

/**
 * Counts what an import stores and no search will find. Where ids may come twice a later document can change that: then
 * the rows themselves are asked at the end.
 */
export class Unfindable {
  readonly #row: Statement
  readonly #known: Statement
  readonly #counts: Record<Reason, number> = { unembedded: 0, archived: 0, zero: 0 }
  readonly #again = new Map<string, readonly [dataset: string, id: string]>()
  readonly #archivedCounts: boolean
  readonly #cosine: boolean

  /** `cosine`: a vector of zeros is without direction. `archivedCounts`: archived rows are found. */
  constructor(
    db: Connection,
    shadow: string,
    columns: ReadonlySet<string>,
    options: { readonly cosine: boolean; readonly archivedCounts: boolean },
  ) {
    const from = `FROM main.${doubleQuoted(shadow)} WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ?`
    const archived = columns.has(COLUMN.archived) ? COLUMN.archived : 'NULL'
    this.#row = db.prepare(`SELECT ${COLUMN.embedding}, ${archived} ${from}`).raw()
    this.#known = db.prepare(`SELECT 1 ${from}`).pluck()
    this.#archivedCounts = options.archivedCounts
    this.#cosine = options.cosine
  }

  reasonFor(embedding: Uint8Array | null, archived: boolean): Reason | undefined {
    if (embedding === null || embedding.length === 0) return 'unembedded'
    if (archived && !this.#archivedCounts) return 'archived'
    return this.#cosine && isZero(embedding) ? 'zero' : undefined
  }

  has(dataset: string, id: string): boolean {
    return this.#known.get(dataset, id) !== undefined
  }

  /** Counts a document that is stored as it is. */
  count(reason: Reason): void {
    this.#counts[reason]++
  }

  /** Counts a document that may be replaced or completed by another one. */
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
      const bytes = embedding instanceof Uint8Array ? embedding : null
      const reason = this.reasonFor(bytes, Number(archived ?? 0) !== 0)
      if (reason) counts[reason]++
    }
    return counts
  }

  /** What was counted since is undone, as the rows were. */
  mark(): () => void {
    const counts = { ...this.#counts }
    const keys = new Set(this.#again.keys())
    return () => {
      Object.assign(this.#counts, counts)
      for (const key of this.#again.keys()) if (!keys.has(key)) this.#again.delete(key)
    }
  }
}

/** Bytes of float32 that are all 0 or -0. */
function isZero(embedding: Uint8Array): boolean {
  return embedding.every((byte, i) => (i % 4 === 3 ? byte & 0x7f : byte) === 0)
}
