import { isFiniteVector } from '../../core/embedding.ts'
import type { Clusters, RowSource, VectorVisitor } from '../../index/clusters.ts'
import { indexCache } from '../memory/index-cache.ts'
import { embeddingLength, rowByKey, visitRows } from '../schema/rows.ts'
import type { IndexedSnapshot } from './index-snapshot.ts'
import type { SearchContext } from './search-context.ts'

/** The clusters of an index, which are made where they are missing or outgrown; undefined: the whole index has to answer. */
export function clustersFor(
  context: SearchContext,
  snapshot: IndexedSnapshot,
): Clusters | undefined {
  const { datasetIndex, changed, writing, state } = snapshot
  const { index, clusters } = datasetIndex
  const cluster = index?.cluster
  if (!index || !cluster) return undefined
  if (clusters && !clusters.outgrown) return clusters
  // What this transaction sees is not what the index holds.
  if (changed.length > 0 || (writing && state !== 'transaction-local')) return undefined
  datasetIndex.clusters = undefined
  // Other indexes are worth more than a faster answer of this one.
  if (indexCache.bytes + index.bytes > indexCache.limit) return undefined
  datasetIndex.clusters = cluster(rowSource(context, snapshot))
  return datasetIndex.clusters
}

/** The vectors of an index, from the table. */
export function rowSource(
  { shadow }: SearchContext,
  { dataset, datasetIndex: { ids, index } }: IndexedSnapshot,
): RowSource {
  const { metric, dim, positions, count } = index!
  const vector = new Float32Array(dim)
  const bytes = new Uint8Array(vector.buffer)
  const take = (position: number, embedding: Uint8Array, visit: VectorVisitor): void => {
    if (position < 0 || !index!.isLive(position) || embedding.length !== bytes.length) return
    bytes.set(embedding)
    if (isFiniteVector(vector)) visit(position, vector)
  }
  return {
    metric,
    dim,
    positions,
    count,
    read(wanted, visit) {
      for (const position of wanted) {
        if (!index!.isLive(position)) continue
        rowByKey(shadow, dataset, ids.idAt(position).slice(), row => {
          if (embeddingLength(row, 1) === bytes.length) take(position, row.bytes(1), visit)
        })
      }
    },
    each(visit) {
      visitRows(shadow, dataset, (id, embedding) => {
        take(ids.find(id), embedding, visit)
      })
    },
  }
}
