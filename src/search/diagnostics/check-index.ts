import { idKey } from '../../core/id-key.ts'
import { rows, RowSample } from '../../core/row-sample.ts'
import { noteChanges } from '../journal/journal.ts'
import { Storage } from '../persistence/storage.ts'
import type { Slice } from '../snapshot/slice.ts'
import { visitMembers, type Census } from './census.ts'
import type { Defect, Inspected } from './defect.ts'
import { finding } from './finding.ts'

/** How an index differs from the rows it stands for. */
interface Difference {
  /** Rows of the table that the index lacks. */
  readonly missing: RowSample
  /** Rows of the index that the table lacks. */
  readonly ghosts: RowSample
  /** Rows whose vector in the index is not that of the table. */
  readonly altered: RowSample
  /** All of them. */
  readonly ids: readonly Uint8Array[]
}

/** Compares an index with the table, row by row. Ids in `changed` are looked at anew by the next query anyway. */
export function compareIndex(
  { searcher }: Inspected,
  dataset: string,
  counted: Census,
  slice: Slice,
  changed: readonly Uint8Array[],
): Difference {
  const { ids, index } = slice
  const missing = new RowSample()
  const ghosts = new RowSample()
  const altered = new RowSample()
  const differing: Uint8Array[] = []
  const add = (sample: RowSample, id: Uint8Array): void => {
    sample.add(id)
    differing.push(id.slice())
  }
  const pending = new Set(changed.map(idKey))
  const awaited = (id: Uint8Array): boolean => pending.size > 0 && pending.has(idKey(id))
  const seen = new Uint8Array(index?.positions ?? 0)
  visitMembers(searcher.shadow, dataset, counted.dim, (id, vector) => {
    const position = index ? ids.find(id) : -1
    if (position >= 0) seen[position] = 1
    if (awaited(id)) return
    if (position < 0) add(missing, id)
    else if (!index!.holds(position, vector)) add(altered, id)
  })
  for (let position = 0; position < seen.length; position++) {
    if (seen[position] === 1 || !index!.isLive(position)) continue
    const id = ids.idAt(position)
    if (!awaited(id)) add(ghosts, id)
  }
  return { missing, ghosts, altered, ids: differing }
}

/** Findings about a difference; none when there is none. `what` is the index meant, as in "the index in memory". */
export function differenceFindings(
  what: string,
  dataset: string,
  { missing, ghosts, altered, ids }: Difference,
  { searcher, remedy }: Inspected,
): Defect[] {
  const found: Defect[] = []
  const { shadow } = searcher
  // The journal is told what it missed: whoever holds an index, in whatever process, looks at these rows again.
  const mend = (): string => {
    new Storage(shadow.db, shadow.schema).drop(shadow.name, dataset)
    noteChanges(shadow.db, shadow.schema, shadow.name, dataset, ids)
    return `${rows(ids.length)} that ${what} had wrong entered into the journal`
  }
  const say = (severity: Defect['severity'], topic: string, op: string): void => {
    // Mending one difference mends all.
    const mending = found.length === 0 ? { mend } : {}
    const where = { dataset, remedy: remedy('repair', dataset) }
    found.push({ ...finding(severity, topic, op, where), rebuild: true, ...mending })
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
      `${what} holds another vector than the table for ${rows(altered.count)}: ${altered.shown}`,
    )
  }
  if (ghosts.count > 0) {
    say(
      'warning',
      'ghosts',
      `${what} holds ${rows(ghosts.count)} that the table lacks, and that queries pass over: ${ghosts.shown}`,
    )
  }
  return found
}

/** Whether the index in memory is what the table says. */
export function checkMemory(inspected: Inspected, dataset: string, counted: Census): Defect[] {
  const { slices } = inspected.searcher
  const present = slices.inMemory(dataset)
  if (!present) {
    return [
      finding('info', 'index', 'no index is in memory: the next query loads or builds it', {
        dataset,
      }),
    ]
  }
  const { slice, changed } = present
  const found = differenceFindings(
    'the index in memory',
    dataset,
    compareIndex(inspected, dataset, counted, slice, changed),
    inspected,
  )
  if (found.length > 0) return found
  const pending = changed.length === 0 ? '' : `, ${rows(changed.length)} to be looked at again`
  return [
    finding(
      'ok',
      'index',
      `the index in memory agrees with the table: ${rows(slice.count)}${pending}`,
      {
        dataset,
      },
    ),
  ]
}
