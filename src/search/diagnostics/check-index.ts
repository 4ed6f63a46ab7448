import { idKey } from '../../core/id-key.ts'
import { rows, RowSample } from '../../core/row-sample.ts'
import type { RowReader } from '../../database/row-reader.ts'
import { noteChanges } from '../journal/journal.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import { IndexStore } from '../persistence/index-store.ts'
import { VISITED_COLUMNS } from '../schema/rows.ts'
import { visitMembers, type DatasetStatistics } from './dataset-statistics.ts'
import { diagnostic } from './diagnostic.ts'
import type { Problem, Inspection } from './problem.ts'

/** The differences between an index and the rows it covers. */
interface Difference {
  /** Rows of the table that the index lacks. */
  readonly missing: RowSample
  /** Rows of the index that the table lacks. */
  readonly orphans: RowSample
  /** Rows whose vector or metadata columns in the index differ from the table. */
  readonly altered: RowSample
  /** The ids of all differing rows. */
  readonly ids: readonly Uint8Array[]
}

/**
 * Compares an index with the table, row by row. Skips ids in `changed`, since the next query reads these rows anyway.
 */
export function compareIndex(
  { searcher }: Inspection,
  dataset: string,
  statistics: DatasetStatistics,
  datasetIndex: DatasetIndex,
  changed: readonly Uint8Array[],
): Difference {
  const { ids, index } = datasetIndex
  // Columns of another declaration are read again before they answer a query.
  const columns =
    datasetIndex.columns?.definition === searcher.shadow.refresh().definition
      ? datasetIndex.columns
      : undefined
  const missing = new RowSample()
  const orphans = new RowSample()
  const altered = new RowSample()
  const differing: Uint8Array[] = []
  const add = (sample: RowSample, id: Uint8Array): void => {
    sample.add(id)
    differing.push(id.slice())
  }
  const pending = new Set(changed.map(idKey))
  const awaited = (id: Uint8Array): boolean => pending.size > 0 && pending.has(idKey(id))
  const seen = new Uint8Array(index?.positions ?? 0)
  const compare = (id: Uint8Array, vector: Float32Array, row: RowReader): void => {
    const position = index ? ids.find(id) : -1
    if (position >= 0) seen[position] = 1
    if (awaited(id)) return
    if (position < 0) add(missing, id)
    else if (!index!.holds(position, vector)) add(altered, id)
    else if (columns && !columns.holds(position, row, VISITED_COLUMNS)) add(altered, id)
  }
  visitMembers(searcher.shadow, dataset, statistics.dim, compare, columns?.selected)
  for (let position = 0; position < seen.length; position++) {
    if (seen[position] === 1 || !index!.isLive(position)) continue
    const id = ids.idAt(position)
    if (!awaited(id)) add(orphans, id)
  }
  return { missing, orphans, altered, ids: differing }
}

/** The findings about a difference, if any. `what` names the index, as in "the index in memory". */
export function differenceProblems(
  what: string,
  dataset: string,
  { missing, orphans, altered, ids }: Difference,
  { searcher, fix }: Inspection,
): Problem[] {
  const found: Problem[] = []
  const { shadow } = searcher
  // Adds the missed changes to the journal, so that every process with an index reads these rows again.
  const repair = (): string => {
    new IndexStore(shadow.db, shadow.schema).drop(shadow.key, dataset)
    noteChanges(shadow.db, shadow.schema, shadow.key, dataset, ids)
    return `${rows(ids.length)} that ${what} had wrong were added to the journal`
  }
  const say = (severity: Problem['severity'], topic: string, op: string): void => {
    // Repairing one difference repairs all.
    const repairing = found.length === 0 ? { repair } : {}
    const where = { dataset, fix: fix('repair', dataset) }
    found.push({ ...diagnostic(severity, topic, op, where), rebuild: true, ...repairing })
  }
  if (missing.count > 0) {
    say(
      'error',
      'missing-rows',
      `${what} lacks ${rows(missing.count)} of the table: ${missing.shown}`,
    )
  }
  if (altered.count > 0) {
    say(
      'error',
      'altered-rows',
      `${what} holds another vector or other metadata than the table for ${rows(altered.count)}: ${altered.shown}`,
    )
  }
  if (orphans.count > 0) {
    say(
      'warning',
      'stale-rows',
      `${what} has ${rows(orphans.count)} that the table lacks, and that queries skip: ${orphans.shown}`,
    )
  }
  return found
}

/** Whether the index in memory matches the table. */
export function checkMemory(
  inspected: Inspection,
  dataset: string,
  statistics: DatasetStatistics,
): Problem[] {
  const { indexes } = inspected.searcher
  const present = indexes.inMemory(dataset)
  if (!present) {
    return [
      diagnostic('info', 'index', 'no index is in memory: the next query loads or builds it', {
        dataset,
      }),
    ]
  }
  const { datasetIndex, changed } = present
  const found = differenceProblems(
    'the index in memory',
    dataset,
    compareIndex(inspected, dataset, statistics, datasetIndex, changed),
    inspected,
  )
  if (found.length > 0) return found
  const pending = changed.length === 0 ? '' : `, ${rows(changed.length)} to read again`
  return [
    diagnostic(
      'ok',
      'index',
      `the index in memory agrees with the table: ${rows(datasetIndex.count)}${pending}`,
      {
        dataset,
      },
    ),
  ]
}
