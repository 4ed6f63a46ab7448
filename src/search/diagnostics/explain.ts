import { rows as countOf } from '../../core/row-sample.ts'
import { SAVED_KINDS } from '../../index/kinds.ts'
import type { VectorIndex } from '../../index/vector-index.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import type { FilterPlan } from '../memory/filter-plan.ts'
import { UNCONDITIONAL, type SearchReport } from '../query/search.ts'
import type { Searcher } from '../query/searcher.ts'
import { textFacts } from './check-text.ts'
import { diagnostic, type Diagnostic } from './diagnostic.ts'
import type { Inspection } from './problem.ts'
import { recallFacts } from './recall-facts.ts'
import { sampleVectors } from './sample-vectors.ts'

/** The number of stored rows used as queries. */
const SAMPLES = 8
/** The number of rows that each search requests. */
const WANTED = 10

/** Which index answers for a dataset and why, and what a search with it costs, measured with stored rows as queries. */
export function explain({ searcher }: Inspection, dataset: string): Diagnostic[] {
  const { shadow, indexes } = searcher
  const found = textFacts(searcher.text, dataset)
  const say = (topic: string, op: string): void => {
    found.push(diagnostic('info', topic, op, { dataset }))
  }
  const built = performance.now()
  const snapshot = indexes.snapshot(dataset)
  const taken = performance.now() - built
  if (snapshot.state === 'table-scan') {
    const why = indexes.isCrowdedOut(dataset)
      ? 'the indexes of other datasets fill indexCache.limit'
      : shadow.refresh().unique
        ? 'the journal is not in place'
        : `the table lacks a unique index on (${shadow.documents.key.join(', ')})`
    found.push(
      diagnostic('warning', 'index', `no index: queries read the table, because ${why}`, {
        dataset,
      }),
    )
    return found
  }
  const { datasetIndex } = snapshot
  if (!datasetIndex.index) {
    say('index', 'no index: the dataset does not contain vectors')
    return found
  }
  const { index } = datasetIndex
  say('index', choice(datasetIndex, index))
  say('rows', `${countOf(index.count)} of ${index.dim} dimensions, ${index.metric}`)
  say(
    'memory',
    `${datasetIndex.bytes} bytes of memory, ${(datasetIndex.bytes / Math.max(1, index.count)).toFixed(1)} per row; ready after ${taken.toFixed(1)} ms`,
  )
  say(
    'storage',
    index.worthSaving
      ? 'saved in the file when the connection is idle'
      : 'not saved: building it is faster than reading it',
  )
  const columns = datasetIndex.columns?.columns ?? []
  if (columns.length > 0) {
    say(
      'columns',
      `metadata columns in memory: ${columns.map(({ stored, form }) => `${stored.stored} (${form})`).join(', ')}; ${(datasetIndex.columns!.bytes / Math.max(1, index.count)).toFixed(1)} bytes a row`,
    )
  }
  for (const { filter, plan } of datasetIndex.filters.plans) {
    say('filter', `${wayOf(plan)}: ${filter.sql.replaceAll(/\s+/g, ' ')}`)
  }
  const searches = measured(searcher, dataset, datasetIndex)
  for (const [topic, fact] of recallFacts(searcher.context, datasetIndex, index)) {
    say(topic, topic === 'recall' ? `recall ${fact}` : `clusters: ${fact}`)
  }
  for (const [topic, op] of searches) say(topic, op)
  return found
}

/** How a filter was last applied, and why. */
function wayOf({ way, passing, of, source }: FilterPlan): string {
  const share = `${passing} of ${countOf(of)} pass`
  switch (way) {
    case 'by key':
      return `rows looked up by key, for ${share}, no more than are wanted`
    case 'bitmap':
      return `scan through a bitmap ${SOURCES[source]}, for ${share}`
    case 'after the scan':
      return `scan first, filter then, for about ${share}`
  }
}

const SOURCES: Readonly<Record<FilterPlan['source'], string>> = {
  cached: 'that was known',
  columns: 'made from the columns in memory',
  table: 'made by reading the table',
  estimate: '',
}

/** The kind of an index, and the reason for it. No other code builds this text. */
function choice({ why }: DatasetIndex, index: VectorIndex): string {
  return `${SAVED_KINDS[index.kind].label} answers: ${why}`
}

function measured(
  searcher: Searcher,
  dataset: string,
  datasetIndex: DatasetIndex,
): [topic: string, op: string][] {
  const queries = sampleVectors(searcher, dataset, datasetIndex, SAMPLES)
  if (queries.length === 0) return [['search', 'there is no row of nonzero length to search for']]
  const reports: SearchReport[] = []
  const times: number[] = []
  // Two rounds: the first one warms up the caches.
  for (let round = 0; round < 2; round++) {
    for (const { vector: query } of queries) {
      const begin = performance.now()
      const { report } = searcher.search({
        dataset,
        query,
        limit: WANTED,
        ...UNCONDITIONAL,
      })
      if (round === 0) continue
      times.push(performance.now() - begin)
      reports.push(report)
    }
  }
  const mean = (of: (report: SearchReport) => number): string => {
    const sum = reports.reduce((total, report) => total + of(report), 0)
    return (sum / reports.length).toFixed(1).replace(/\.0$/, '')
  }
  const paths = [...new Set(reports.map(({ path }) => PATHS[path]))].join(', ')
  const delta = reports.some(report => report.delta > 0)
    ? `, ${mean(report => report.delta)} changed rows outside the index`
    : ''
  const skips = reports.some(report => report.clusters)
    ? `, ${mean(({ clusters }) => (clusters ? clusters.of - clusters.visited : 0))} clusters skipped`
    : ''
  times.sort((a, b) => a - b)
  return [
    [
      'stages',
      `average search for the ${WANTED} nearest, answered ${paths}: ${mean(report => report.visited)} rows bounded, ${mean(report => report.candidates)} not ruled out, ${mean(report => report.rescored)} scored exactly${skips}${delta}`,
    ],
    [
      'time',
      `${times[times.length >> 1].toFixed(3)} ms a search (median of ${times.length} stored rows as queries, ${times[0].toFixed(3)} to ${times.at(-1)!.toFixed(3)})`,
    ],
  ]
}

const PATHS: Readonly<Record<SearchReport['path'], string>> = {
  index: 'from the index',
  table: 'from the whole table',
  keys: 'from the rows of given ids',
  nothing: 'without reading rows',
}
