import type { Metric } from '../../src/entries/main.ts'

export interface ModelRow {
  readonly dataset: string
  readonly id: string
  readonly embedding: Uint8Array | null
  readonly archived: number
  readonly content: string | null
  readonly meta: string
}

export interface Scored {
  readonly row: ModelRow
  /** Higher is nearer. */
  readonly similarity: number
  readonly score: number
  readonly distance: number
}

/** What a shadow table holds, in plain data, and what a search over it must find. */
export class Model {
  readonly metric: Metric
  readonly dim: number
  readonly includeArchived: boolean
  rows: Map<string, ModelRow> = new Map()

  constructor(metric: Metric, dim: number, includeArchived: boolean) {
    this.metric = metric
    this.dim = dim
    this.includeArchived = includeArchived
  }

  put(row: ModelRow): void {
    this.rows.set(keyOf(row.dataset, row.id), row)
  }

  delete(dataset: string, id: string): void {
    this.rows.delete(keyOf(dataset, id))
  }

  get(dataset: string, id: string): ModelRow | undefined {
    return this.rows.get(keyOf(dataset, id))
  }

  visible(datasets: readonly string[]): ModelRow[] {
    return [...this.rows.values()].filter(
      row => datasets.includes(row.dataset) && (this.includeArchived || row.archived === 0),
    )
  }

  /** Every row that has a score, nearest first; equal ones by the bytes of their ids, then by dataset. */
  search(datasets: readonly string[], query: Float32Array): Scored[] {
    const found: Scored[] = []
    for (const row of this.visible(datasets)) {
      const vector = row.embedding && floats(row.embedding)
      if (!vector || vector.length !== this.dim) continue
      const similarity = similarityOf(this.metric, query, vector)
      if (!Number.isNaN(similarity))
        found.push({ row, similarity, ...shown(this.metric, similarity) })
    }
    return found.toSorted(
      (a, b) =>
        b.similarity - a.similarity ||
        Buffer.compare(Buffer.from(a.row.id), Buffer.from(b.row.id)) ||
        Buffer.compare(Buffer.from(a.row.dataset), Buffer.from(b.row.dataset)),
    )
  }
}

function shown(metric: Metric, similarity: number): { score: number; distance: number } {
  if (metric === 'cosine') {
    const cosine = Math.min(1, Math.max(-1, similarity))
    return { score: cosine, distance: 1 - cosine }
  }
  if (metric === 'dot') return { score: similarity, distance: 0 - similarity }
  return { score: 1 + similarity, distance: 0 - similarity }
}

function similarityOf(metric: Metric, a: Float32Array, b: Float32Array): number {
  let dot = 0
  let aa = 0
  let bb = 0
  let gap = 0
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i]
    aa += a[i] * a[i]
    bb += b[i] * b[i]
    gap += (a[i] - b[i]) ** 2
  }
  if (metric === 'dot') return dot
  if (metric === 'euclidean') return -Math.sqrt(gap)
  if (metric === 'manhattan') return -a.reduce((sum, x, i) => sum + Math.abs(x - b[i]), 0)
  return Math.min(1, Math.max(-1, dot / (Math.sqrt(aa) * Math.sqrt(bb))))
}

function floats(bytes: Uint8Array): Float32Array | undefined {
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined
  const vector = new Float32Array(bytes.slice().buffer)
  return vector.every(x => Number.isFinite(x)) ? vector : undefined
}

function keyOf(dataset: string, id: string): string {
  return JSON.stringify([dataset, id])
}
