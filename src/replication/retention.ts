import { integerIn, optionalIntegerIn, textIn } from './answer.ts'
import { type DatasetOptions, withSource } from './datasets.ts'
import type { Source } from './source.ts'
import type { Upstream } from './upstream.ts'

export interface PruneOptions extends DatasetOptions {
  /** Seconds for which an entry is kept at least; a day by default. */
  readonly minAge?: number
  /** Seconds after which a silent replica no longer pins the log; a week by default. */
  readonly maxSilence?: number
  /** Entries deleted per statement; 1,000 by default. */
  readonly chunk?: number
}

export interface PruneReport {
  readonly datasetId: string
  /** Entries up to this one are gone. */
  readonly prunedScn: bigint
  readonly deleted: number
}

/**
 * Deletes entries that every living replica has acknowledged and that are old enough. The mark is committed before
 * the first entry is deleted, so a replica that is behind reads LOG_PRUNED and never a gap.
 *
 *     await prune(upstream, { minAge: 3600 }) // [{ datasetId: 'docs', prunedScn: 120n, deleted: 120 }]
 */
export function prune(upstream: Upstream, options: PruneOptions = {}): Promise<PruneReport[]> {
  return withSource(upstream, options, async source => {
    const silence = String(options.maxSilence ?? 7 * 86_400)
    const minAge = String(options.minAge ?? 86_400)
    const { writing } = source.sql
    const heads = await source.use(session => session.rows(writing.pruneHeads, [silence]))
    const reports: PruneReport[] = []
    for (const row of heads) {
      const datasetId = textIn(row, 'dataset_id')
      const pruned = integerIn(row, 'pruned_scn')
      const acked = optionalIntegerIn(row, 'acked_scn')
      // The checkpoint's own entry stays: a replica proves its history by it.
      let limit = acked === undefined ? integerIn(row, 'last_scn') : acked - 1n
      const [young] = await source.use(session =>
        session.rows(writing.youngEntry, [datasetId, pruned, minAge]),
      )
      const kept = young === undefined ? limit : integerIn(young, 'scn') - 1n
      if (kept < limit) limit = kept
      reports.push(await pruneTo(source, datasetId, pruned, limit, options.chunk ?? 1000))
    }
    await source.use(session => session.run(writing.pruneRequests, [silence]))
    return reports
  })
}

async function pruneTo(
  source: Source,
  datasetId: string,
  pruned: bigint,
  limit: bigint,
  chunk: number,
): Promise<PruneReport> {
  const { writing } = source.sql
  const prunedScn = limit > pruned ? limit : pruned
  if (limit > pruned) {
    await source.use(session => session.run(writing.markPruned, [limit, datasetId]))
  }
  let deleted = 0
  for (;;) {
    // Also deletes what an interrupted run left below the mark.
    const some = await source.use(session =>
      session.run(writing.deleteEntries(chunk), [datasetId, prunedScn]),
    )
    deleted += some
    if (some < chunk) return { datasetId, prunedScn, deleted }
  }
}
