import type { VectorIndex } from '../../index/vector-index.ts'
import type { Searcher } from '../query/searcher.ts'
import { textFacts } from './check-text.ts'
import { diagnostic, type Diagnostic } from './diagnostic.ts'
import { recallFacts } from './recall-facts.ts'

/** Facts about the index of a dataset. */
interface IndexStats {
  readonly kind: VectorIndex['kind']
  readonly metric: VectorIndex['metric']
  /** Whether vectors are in memory as floats, beside the codes that rule most of them out. */
  readonly inMemory: boolean
  readonly why: string
  readonly dim: number
  readonly rows: number
  /** The number of rows that no search with this metric finds. */
  readonly unfindable: number
  readonly tombstones: number
  readonly notFinite: number
  readonly otherDimension: number
  readonly bytes: number
  /** The last journal entry of this snapshot, and that of the saved form. */
  readonly seq: number
  readonly savedSeq: number | undefined
  readonly recall: ReturnType<typeof recallFacts>
}

/** 'table-scan': the table itself answers, without an index. 'no vectors': the dataset has none. */
function indexStats(
  { context, indexes }: Searcher,
  dataset: string,
): IndexStats | 'table-scan' | 'no vectors' {
  const snapshot = indexes.snapshot(dataset)
  if (snapshot.state === 'table-scan') return snapshot.state
  const { datasetIndex, seq } = snapshot
  const { index, why, rejected, bytes, savedSeq } = datasetIndex
  if (!index) return 'no vectors'
  return {
    kind: index.kind,
    metric: context.spec.metric,
    inMemory: index.inMemoryVectors !== undefined,
    why,
    dim: index.dim,
    rows: index.count,
    unfindable: index.count - findable(index),
    tombstones: index.positions - index.count,
    notFinite: rejected.notFinite,
    otherDimension: rejected.otherDimension,
    bytes,
    seq,
    savedSeq,
    recall: recallFacts(context, datasetIndex, index),
  }
}

/** The same facts for vec_admin, one per row. */
export function stats(searcher: Searcher, dataset: string): Diagnostic[] {
  const found = facts(indexStats(searcher, dataset)).map(([topic, fact]) =>
    diagnostic('info', topic, `${topic.replaceAll('-', ' ')}: ${fact}`, { dataset }),
  )
  return [...found, ...textFacts(searcher.text, dataset)]
}

function facts(of: ReturnType<typeof indexStats>): (readonly [topic: string, fact: string])[] {
  if (of === 'table-scan') return [['index', 'none: queries read the table']]
  if (of === 'no vectors') return [['index', 'none: the dataset does not contain vectors']]
  const { metric, rows, unfindable } = of
  const lost =
    unfindable === 0 ? '' : `, ${unfindable} of them of length zero, which ${metric} cannot find`
  const kept = of.inMemory ? 'vectors in memory' : 'codes in memory'
  return [
    ['index', `${of.kind}, ${metric}, ${kept}`],
    ['why', of.why],
    ['dimension', `${of.dim}`],
    ['rows', `${rows}${lost}`],
    ['tombstones', `${of.tombstones}`],
    ['left-out', `${of.notFinite} with NaN or infinity, ${of.otherDimension} of another dimension`],
    ['memory', `${of.bytes} bytes`],
    ['journal', `at ${of.seq}, saved at ${of.savedSeq ?? 'never'}`],
    ...of.recall,
  ]
}

/** The number of rows that a search for all of them finds. With cosine, rows of length zero are excluded. */
function findable(index: VectorIndex): number {
  if (index.count === 0) return 0
  const query = new Float32Array(index.dim)
  query[0] = 1
  // An index does not count a search among selected rows as a sample of its work.
  const allowed = new Uint32Array((index.positions + 31) >>> 5).fill(0xffffffff)
  return index.search({ query, k: index.count, allowed }).count
}
