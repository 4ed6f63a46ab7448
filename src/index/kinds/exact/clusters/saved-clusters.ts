import { VecError } from '../../../../core/errors.ts'
import { sectionLength, type IndexSection, type StoredSection } from '../../../vector-index.ts'
import { Calibration } from './calibration.ts'
import { Centroids } from './centroids.ts'
import type { ClusterSpace } from './cluster-space.ts'
import { HEAD } from './suits-clusters.ts'

/** The other sections of saved clusters. */
const CENTRES = 'clusters.centres'
const ROWS = 'clusters.rows'
const TRIALS = 'clusters.trials'
/** Of the sections, and of the rule by which trials were judged. */
const FORMAT = 1

/** The cluster of a position without a row. */
export const NONE = 0xffff

/** What is saved of clusters. */
export interface SavedClusters {
  readonly centroids: Centroids
  /** The cluster of each position. */
  readonly clusterOf: Uint16Array<ArrayBuffer>
  readonly builtRows: number
  readonly changes: number
  readonly calibrations: readonly Calibration[]
}

type Sections = ReadonlyMap<string, IndexSection | StoredSection>

export function saveClusters(saved: SavedClusters): IndexSection[] {
  const { builtRows, calibrations, centroids, changes, clusterOf } = saved
  const head = Uint32Array.of(FORMAT, centroids.count, builtRows, changes)
  const { buffer, byteLength, byteOffset } = clusterOf
  return [
    { name: HEAD, bytes: new Uint8Array(head.buffer) },
    { name: CENTRES, bytes: centroids.save() },
    { name: ROWS, bytes: new Uint8Array(buffer, byteOffset, byteLength) },
    { name: TRIALS, bytes: Calibration.save(calibrations) },
  ]
}

/** Undefined: the sections have none, or those of another version. Throws VEC_STORAGE if they are damaged. */
export function loadClusters(
  sections: Sections,
  space: ClusterSpace | undefined,
  dim: number,
  positions: number,
): SavedClusters | undefined {
  const [head, centres, members, trials] = [HEAD, CENTRES, ROWS, TRIALS].map(name =>
    sections.get(name),
  )
  if (!head || !centres || !members || !trials) return undefined
  if (sectionLength(head) !== 16) throw damaged('head')
  const [format, count, builtRows, changes] = new Uint32Array(head.bytes.slice().buffer)
  if (format !== FORMAT) return undefined
  if (!space || count < 1 || count >= NONE) throw damaged('head')
  if (sectionLength(centres) !== Centroids.savedBytes(dim, count)) throw damaged('centres')
  if (sectionLength(members) !== positions * 2) throw damaged('rows')
  const centroids = Centroids.restore(centres.bytes, space, dim, count)
  if (!centroids) throw damaged('centres')
  const clusterOf = new Uint16Array(members.bytes.slice().buffer)
  if (clusterOf.some(cluster => cluster >= count && cluster !== NONE)) throw damaged('rows')
  const calibrations = Calibration.restore(trials.bytes)
  return { centroids, clusterOf, builtRows, changes, calibrations }
}

function damaged(part: string): VecError {
  return new VecError('VEC_STORAGE', `not saved clusters: their ${part} cannot be`)
}
