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

/** What clusters need for each row at least: its place in a list, and that of the list in it; and its cluster. */
const LISTED_BYTES = 10

/** Whether clusters of an exact index answer faster than a scan, and fit in so many bytes. */
export function suitsClusters(
  { count, dim, inMemoryVectors, metric, positions }: VectorIndex,
  space: number,
  rule: ClusterRule = CLUSTER_RULE,
): boolean {
  return (
    inMemoryVectors === undefined &&
    clusterSpaceOf(metric) !== undefined &&
    count >= rule.rows &&
    count * dim >= rule.numbers &&
    positions * LISTED_BYTES <= space
  )
}
