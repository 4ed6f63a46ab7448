import type { IndexSection, StoredSection, VectorIndex } from '../../../vector-index.ts'
import { CLUSTER_RULE, type ClusterRule } from './cluster-rule.ts'
import { clusterSpaceOf } from './cluster-space.ts'

/** The section that saved clusters have in any case. */
export const HEAD = 'clusters.head'

/** Whether clusters are among the sections. */
export function areClustersSaved(
  sections: ReadonlyMap<string, IndexSection | StoredSection>,
): boolean {
  return sections.has(HEAD)
}

/** Whether clusters of an exact index answer faster than a scan. */
export function suitsClusters(
  { bytes, count, dim, inMemoryVectors, metric }: VectorIndex,
  rule: ClusterRule = CLUSTER_RULE,
): boolean {
  return (
    inMemoryVectors === undefined &&
    clusterSpaceOf(metric) !== undefined &&
    count >= rule.rows &&
    count * dim >= rule.numbers &&
    bytes <= rule.mostBytes
  )
}
