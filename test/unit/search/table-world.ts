import { loadEngine, openConnection, type Connection } from '../../../src/entries/engine.ts'
import type { IndexSpec } from '../../../src/search/memory/index-spec.ts'
import { createStatement, shadowTable } from '../../../src/search/schema/layout.ts'
import { ShadowTable } from '../../../src/search/schema/shadow-table.ts'
import { indexSpecOf } from '../../../src/tables/vec/index-spec.ts'
import { parseVecOptions } from '../../../src/tables/vec/vec-options.ts'

await loadEngine()

export const TABLE = '_vec_docs'

/** A shadow table in memory, with its journal and triggers. */
export class TableWorld {
  readonly db: Connection = openConnection(':memory:')
  readonly shadow: ShadowTable

  constructor() {
    this.db.exec(createStatement('main', shadowTable(TABLE)))
    this.shadow = new ShadowTable(this.db, 'main', TABLE, false)
    this.shadow.install()
  }

  /** Inserts or replaces a row; numbers become their BLOB. */
  put(id: string, embedding: readonly number[] | Uint8Array | null, dataset = 'd'): void {
    const bytes = isNumbers(embedding) ? blob(...embedding) : embedding
    this.db
      .prepare(`INSERT OR REPLACE INTO ${TABLE}(dataset_id, id, embedding) VALUES (?, ?, ?)`)
      .run(dataset, id, bytes)
  }

  delete(id: string, dataset = 'd'): void {
    this.db.prepare(`DELETE FROM ${TABLE} WHERE dataset_id = ? AND id = ?`).run(dataset, id)
  }

  [Symbol.dispose](): void {
    this.shadow.dispose()
    this.db.close()
  }
}

/** How a vec table with these options makes its indexes. */
export function specOf(...options: string[]): IndexSpec {
  return indexSpecOf(parseVecOptions(['doc_id', ...options], 'docs'))
}

export function blob(...numbers: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(numbers).buffer)
}

const isNumbers = (given: unknown): given is readonly number[] => Array.isArray(given)

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (given: Uint8Array): string => new TextDecoder().decode(given)
