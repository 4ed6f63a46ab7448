import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { cachePath } from '../data/cache.ts'
import type { DataSet } from '../data/sets.ts'
import { usearch, type Usearch, type UsearchIndex } from '../peers/usearch.ts'
import { Progress } from '../progress.ts'
import { EF_CONSTRUCTION, hnswIndex, M } from './hnsw.ts'

/** How many neighbors a search looks at: a ladder of recalls and times. */
export const EFFORTS: readonly number[] = [20, 50, 100, 200, 400, 600, 800]

/** A graph of another program, in memory. */
export interface GraphPeer {
  readonly name: string
  /** The numbers of the ten nearest rows. */
  readonly nearest: (query: Float32Array, effort: number) => number[]
}

/** The graphs of a set: built alike, each by one thread, and cached. Peers that are not installed are left out. */
export function graphPeers(set: DataSet): GraphPeer[] {
  return [hnswPeer(set), usearchPeer(set)].filter(peer => peer !== undefined)
}

function hnswPeer(set: DataSet): GraphPeer | undefined {
  const index = hnswIndex(set)?.index
  if (!index) return undefined
  return {
    name: 'hnswlib',
    nearest: (query, effort) => {
      index.setEf(effort)
      return index.searchKnn(Array.from(query), 10).neighbors
    },
  }
}

/**
 * The effort of a usearch index is fixed when it is constructed, so there is one for each effort. All of them view the same file:
 * as many copies of the rows would not fit the memory, and a view takes the same time as a copy.
 */
function usearchPeer(set: DataSet): GraphPeer | undefined {
  const program = usearch()
  if (!program) return undefined
  const path = cachePath(`bench/usearch-${set.key}-${M}-${EF_CONSTRUCTION}.bin`)
  if (!existsSync(path)) buildUsearch(program, set, path)
  const indexes = new Map(
    EFFORTS.map(effort => {
      const index = usearchIndex(program, set.dim, effort)
      index.view(path)
      return [effort, index]
    }),
  )
  return {
    name: 'usearch',
    nearest: (query, effort) =>
      Array.from(indexes.get(effort)!.search(query, 10, 1).keys, key => Number(key)),
  }
}

function buildUsearch(program: Usearch, set: DataSet, path: string): void {
  const index = usearchIndex(program, set.dim, EF_CONSTRUCTION)
  const progress = new Progress(`building usearch (M ${M}, ef ${EF_CONSTRUCTION})`, set.ids.length)
  const batch = 1000
  for (let start = 0; start < set.ids.length; start += batch) {
    const count = Math.min(batch, set.ids.length - start)
    const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(start + i))
    index.add(keys, set.rows.subarray(start * set.dim, (start + count) * set.dim), 1)
    progress.update(start)
  }
  progress.end()
  mkdirSync(dirname(path), { recursive: true })
  index.save(`${path}.part`)
  renameSync(`${path}.part`, path)
}

function usearchIndex({ Index }: Usearch, dim: number, effort: number): UsearchIndex {
  return new Index({
    dimensions: dim,
    metric: 'cos',
    quantization: 'f32',
    connectivity: M,
    expansion_add: EF_CONSTRUCTION,
    expansion_search: effort,
    multi: false,
  })
}
