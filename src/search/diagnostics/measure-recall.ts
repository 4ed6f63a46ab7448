import { compareBytes } from '../../core/id-table.ts'
import { makeClusters } from '../memory/make-clusters.ts'
import { UNCONDITIONAL } from '../query/search.ts'
import type { Searcher } from '../query/searcher.ts'
import type { TopK } from '../query/top-k.ts'
import { diagnostic, type Diagnostic } from './diagnostic.ts'
import { sampleVectors, type SampleVector } from './sample-vectors.ts'

/** Stored rows that are searched for. */
const QUERIES = 200
/** Rows that each search asks for: the one that is searched for, and others. */
const WANTED = 10
/** What is measured for a table that promises nothing. */
const USUAL = [0.95, 0.98, 0.99]
/** A search that finds less than this share of its rows is counted. */
const FEW = 0.8

interface Measured {
  /** The share of the nearest rows that each search found. */
  readonly recalls: number[]
  readonly times: number[]
  readonly exactTimes: number[]
  /** Searches that were answered from clusters. */
  approximate: number
}

/** What approximate searches find of what exact ones find: measured with stored rows as queries, each left out of its answer. */
export function measureRecall(searcher: Searcher, dataset: string): Diagnostic[] {
  const snapshot = searcher.indexes.snapshot(dataset)
  const say = (severity: 'info' | 'warning', op: string): Diagnostic =>
    diagnostic(severity, 'recall', op, { dataset })
  if (snapshot.state === 'table-scan') return [say('info', 'there is no index: searches are exact')]
  makeClusters(snapshot.datasetIndex)
  const queries = sampleVectors(searcher, dataset, snapshot.datasetIndex, QUERIES)
  if (queries.length === 0) return [say('info', 'there is no row to search for')]
  const { recall } = searcher.context
  return (recall === undefined || recall >= 1 ? USUAL : [recall]).map(promised => {
    const { approximate, exactTimes, recalls, times } = measured(
      searcher,
      dataset,
      queries,
      promised,
    )
    if (approximate === 0) {
      return say('info', `recall ${promised}: searches are exact, ${median(exactTimes)} ms each`)
    }
    const found = recalls.reduce((sum, share) => sum + share, 0) / recalls.length
    const few = recalls.filter(share => share < FEW).length / recalls.length
    return say(
      found < promised ? 'warning' : 'info',
      `recall ${promised}: ${found.toFixed(4)} found with ${queries.length} stored rows as queries, ${(100 * few).toFixed(1)} % of them less than ${FEW}; ${median(times)} ms a search, exact ${median(exactTimes)} ms`,
    )
  })
}

function measured(
  searcher: Searcher,
  dataset: string,
  queries: readonly SampleVector[],
  recall: number,
): Measured {
  const search = (query: Float32Array, wanted: number) =>
    searcher.search({
      dataset,
      query,
      limit: WANTED,
      ...UNCONDITIONAL,
      recall: wanted,
    })
  const result: Measured = { recalls: [], times: [], exactTimes: [], approximate: 0 }
  for (const { id, vector } of queries) {
    const begin = performance.now()
    const exact = search(vector, 1)
    const between = performance.now()
    const found = search(vector, recall)
    result.exactTimes.push(between - begin)
    result.times.push(performance.now() - between)
    if (found.report.promised) result.approximate++
    result.recalls.push(shareOf(exact.hits, found.hits, id))
  }
  return result
}

/** The share of the exact rows, without that of an id, that are as near as those found. */
function shareOf(exact: TopK, found: TopK, own: Uint8Array): number {
  const wanted = others(exact, own)
  if (wanted.length === 0) return 1
  const least = wanted.at(-1)!
  return Math.min(1, others(found, own).filter(s => s >= least).length / wanted.length)
}

/** Similarities, falling. */
function others(hits: TopK, own: Uint8Array): number[] {
  const similarities: number[] = []
  for (let rank = 0; rank < hits.count; rank++) {
    if (compareBytes(hits.id(rank), own) !== 0) similarities.push(hits.similarity(rank))
  }
  return similarities
}

function median(times: readonly number[]): string {
  return times.toSorted((a, b) => a - b)[times.length >> 1].toFixed(3)
}
