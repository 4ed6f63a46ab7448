import { parseJson } from '../../core/exact-json.ts'
import { exactSimilarity, similarityInRange, similarityToScore } from '../../core/similarity.ts'
import { rowByKey } from '../../search/schema/rows.ts'
import type { CollectionTable } from './collection-table.ts'
import { rowFilter } from './condition.ts'
import { CursorCodec } from './cursor.ts'
import { mostDiverse } from './diverse.ts'
import { readField } from './field.ts'
import type { Hit, HitPage } from './hit.ts'
import type { Included } from './included.ts'
import { nearestRows, type Place, type RankedRow } from './ranked-rows.ts'
import type { ReadQuery } from './read-query.ts'
import { selectGroups, selectRows, type Ranker, type Selected } from './select-rows.ts'
import { idText, partsByKey, vectorIn } from './stored-document.ts'
import { hybridRows, wordRows } from './word-rows.ts'

/** The page of a query. Call it inside one snapshot. `pages`: whether others can follow it. */
export function answerQuery<M>(
  where: string,
  table: CollectionTable,
  dataset: string,
  query: ReadQuery<M>,
  vector: Float32Array | undefined,
  pages = true,
): HitPage<M> {
  const { k, mode, condition, minScore, mmr, rerank } = query
  const filter = rowFilter(where, condition, table)
  const field =
    query.groupBy === undefined ? undefined : readField(where, 'groupBy', query.groupBy, table)
  const codecOf = (): CursorCodec =>
    new CursorCodec(where, [
      'query',
      table.shadow.schema,
      table.shadow.name,
      dataset,
      query.text ?? null,
      query.vector ? Array.from(query.vector) : null,
      mode,
      query.fusion,
      condition ?? null,
      minScore ?? null,
      field?.path ?? null,
    ])
  const cursor = query.cursor === undefined ? undefined : placeOf(codecOf().read(query.cursor))
  const behind = cursor?.place
  const most = mmr?.fetchK ?? rerank?.fetchK ?? k
  if (most === 0) return { hits: [] }
  const select = (rank: Ranker): Selected =>
    field ? selectGroups(rank, table, dataset, field, behind, most) : selectRows(rank, behind, most)
  let window = cursor?.window ?? query.window
  let selected: Selected
  if (mode === 'hybrid') {
    for (;;) {
      const { ranking, all } = hybridRows(table, { dataset, query, vector, filter, window })
      selected = select(() => ranking)
      const enough = !field || selected.more || selected.rows.length === most
      if (enough || all) break
      // Look further: the result must have as many groups as requested whenever that many exist.
      window *= 4
    }
  } else if (mode === 'text') {
    selected = select(({ first }) => wordRows(table, { dataset, query, filter, first }))
  } else {
    selected = select(wanted =>
      nearestRows(table, {
        dataset,
        vector: vector!,
        filter,
        minScore,
        recall: query.recall,
        ...wanted,
      }),
    )
  }
  const chosen = mmr ? diverse(table, dataset, selected, k, mmr.lambda) : [...selected.rows.keys()]
  // A rerank function receives complete hits.
  const parts = rerank
    ? ([...new Set([...query.include, 'content', 'meta'])] as const)
    : query.include
  const hits = chosen.map(at =>
    hitOf<M>(table, dataset, selected, at, parts as readonly Included[]),
  )
  const last = selected.rows.at(-1)
  const isLast = !pages || mmr || rerank || !selected.more || last === undefined
  return isLast ? { hits } : { hits, cursor: codecOf().write([last.rank, window], last.id) }
}

/** The position of a hit. Pages of a hybrid query come from one window. */
function placeOf({ key, id }: { readonly key: unknown; readonly id: Uint8Array }): {
  readonly place: Place
  readonly window: number
} {
  const [rank, window] = Array.isArray(key) ? key.map(Number) : [NaN, NaN]
  return { place: { rank, id }, window }
}

function hitOf<M>(
  table: CollectionTable,
  dataset: string,
  { rows, groups }: Selected,
  at: number,
  parts: readonly Included[],
): Hit<M> {
  const { id, score, distance, vectorRank, textRank } = rows[at]
  const group = groups?.[at]
  return {
    id: idText(id),
    score,
    ...(distance === undefined ? {} : { distance }),
    ...(vectorRank === undefined ? {} : { vectorRank }),
    ...(textRank === undefined ? {} : { textRank }),
    ...(group === undefined
      ? {}
      : { group: (group === null ? null : parseJson(group)) as Hit['group'] & {} }),
    ...partsByKey<M>(table, dataset, id, parts),
  }
}

function diverse(
  table: CollectionTable,
  dataset: string,
  { rows }: Selected,
  k: number,
  lambda: number,
): number[] {
  const { metric } = table.searcher.context.spec
  const score = (a: Float32Array, b: Float32Array): number =>
    similarityToScore(metric, similarityInRange(metric, exactSimilarity(metric, a, b)))
  const candidates = rows.map(row => ({
    relevance: row.score,
    vector: vectorOf(table, dataset, row),
  }))
  return mostDiverse(candidates, k, lambda, score)
}

/** The vector of a row that this snapshot has ranked by it. */
function vectorOf({ shadow }: CollectionTable, dataset: string, { id }: RankedRow): Float32Array {
  return rowByKey(shadow, dataset, id, row => vectorIn(shadow.shape.type, row, 1))!
}
