import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { cachePath } from '../data/cache.ts'
import { rowOf, type DataSet } from '../data/sets.ts'
import { time } from '../measure.ts'
import { createHnsw, type HnswIndex } from '../peers/native.ts'
import { Progress } from '../progress.ts'

/** The graphs of all peers are made with these. */
export const M = 16
export const EF_CONSTRUCTION = 200

export interface BuiltHnsw {
  readonly index: HnswIndex
  /** Milliseconds that the build took, in this run or in the one that cached it. */
  readonly buildTime: number
  readonly cached: boolean
}

/** The set in hnswlib, from the cache where it was built before: that takes minutes. Undefined: not installed. */
export function hnswIndex(set: DataSet): BuiltHnsw | undefined {
  const index = createHnsw(set.dim)
  if (!index) return undefined
  const path = cachePath(`bench/hnsw-${set.key}-${M}-${EF_CONSTRUCTION}.bin`)
  if (existsSync(path)) {
    index.readIndexSync(path)
    return { index, buildTime: Number(readFileSync(`${path}.ms`, 'utf8')), cached: true }
  }
  const progress = new Progress(`building HNSW (M ${M}, ef ${EF_CONSTRUCTION})`, set.ids.length)
  index.initIndex({
    maxElements: set.ids.length,
    m: M,
    efConstruction: EF_CONSTRUCTION,
    randomSeed: 1,
  })
  const buildTime = time(() => {
    for (let i = 0; i < set.ids.length; i++) {
      index.addPoint(Array.from(rowOf(set, i)), i)
      progress.update(i)
    }
  })
  progress.end()
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.ms`, String(buildTime))
  index.writeIndexSync(`${path}.part`)
  renameSync(`${path}.part`, path)
  return { index, buildTime, cached: false }
}
