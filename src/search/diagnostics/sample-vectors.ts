import { decodeEmbedding, isFiniteVector } from '../../core/embedding.ts'
import { exactSimilarity } from '../../core/similarity.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import type { Searcher } from '../query/searcher.ts'
import { rowByKey } from '../schema/rows.ts'
import { vectorBytes, vectorLength } from '../schema/stored-vector.ts'

/** A stored row that can be searched for. */
export interface SampleVector {
  readonly id: Uint8Array
  readonly vector: Float32Array
}

/** Vectors of stored rows, evenly spread over the index. */
export function sampleVectors(
  searcher: Searcher,
  dataset: string,
  { index, ids }: DatasetIndex,
  samples: number,
): SampleVector[] {
  if (!index) return []
  const vectors: SampleVector[] = []
  for (let sample = 0; sample < samples; sample++) {
    const position = Math.floor((index.positions * (sample + 0.5)) / samples)
    if (!index.isLive(position)) continue
    const id = ids.idAt(position).slice()
    rowByKey(searcher.shadow, dataset, id, row => {
      const { type } = searcher.shadow.shape
      if (vectorLength(type, row, 1) !== index.dim) return
      const vector = decodeEmbedding(vectorBytes(type, row, 1, index.dim))
      if (!isFiniteVector(vector)) return
      // Cosine knows no direction of a vector of length zero.
      const known = !Number.isNaN(exactSimilarity(index.metric, vector, vector))
      if (known) vectors.push({ id, vector })
    })
  }
  return vectors
}
