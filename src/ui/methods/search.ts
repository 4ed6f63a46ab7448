import type { CollectionQuery, Hit } from '../../entries/vecutil.ts'
import type {
  FoundDocument,
  FullDocument,
  SearchAnswer,
  SearchMode,
  SearchRequest,
} from '../contract.ts'
import type { Dataset } from '../dataset.ts'

/** Contents in lists are cut to this length; `documents` has all of it. */
const EXCERPT = 400
const MOST_RUNS = 20
const RECALL = 0.98
/** Documents that are read while a text is looked for without an index. */
const MOST_READ = 200_000
const PAGE = 1000

/** Searches a dataset, and measures how long that takes. */
export function search(dataset: Dataset, request: SearchRequest): SearchAnswer {
  const { text = '', like } = request
  const vector = like === undefined ? request.vector : dataset.vectorOf(like)
  const plan = planOf(request.mode, vector !== undefined, text !== '', dataset)
  if (plan.ranksBy === 'nothing') return listed(dataset, request, text)
  const query: CollectionQuery = {
    ...rankedBy(plan, request.mode, vector, text),
    k: request.k + (like === undefined ? 0 : 1),
    filter: request.filter,
    include: ['content', 'meta'],
  }
  let hits: readonly Hit[] = []
  let milliseconds = Infinity
  for (let run = 0; run < Math.min(MOST_RUNS, request.runs ?? 1); run++) {
    const began = performance.now()
    hits = dataset.collection.querySync(query).hits
    milliseconds = Math.min(milliseconds, performance.now() - began)
  }
  const found = hits.map(hit => foundDocument(dataset, hit)).filter(({ row }) => row !== like)
  return { hits: found.slice(0, request.k), milliseconds, note: plan.note }
}

interface Plan {
  readonly ranksBy: 'vector' | 'text' | 'hybrid' | 'nothing'
  /** What is done, if it is not what was asked, and why. */
  readonly note?: string
}

/** How a search can rank, by what it has: a mode may want more. */
function planOf(mode: SearchMode, hasVector: boolean, hasText: boolean, { table }: Dataset): Plan {
  const isIndexed = table.text !== undefined
  const canRankWords = hasText && isIndexed
  const noIndex = `the table ${table.name} does not have a text index`
  if (mode === 'hybrid' && hasVector && canRankWords) return { ranksBy: 'hybrid' }
  if (mode === 'text' && canRankWords) return { ranksBy: 'text' }
  // Words without an index are still looked for in the contents, if nothing else was asked.
  if (mode === 'text' && hasText) return { ranksBy: 'nothing' }
  if (hasVector) {
    if (mode === 'exact' || mode === 'recall') return { ranksBy: 'vector' }
    const why = hasText ? `: ${noIndex}` : ''
    return { ranksBy: 'vector', note: `ranked by the vector alone${why}` }
  }
  if (canRankWords)
    return {
      ranksBy: 'text',
      note: 'ranked by words alone: no model turns them into a vector of this dataset',
    }
  return { ranksBy: 'nothing' }
}

function rankedBy(
  { ranksBy }: Plan,
  mode: SearchMode,
  vector: readonly number[] | Float32Array | undefined,
  text: string,
): Partial<CollectionQuery> {
  if (ranksBy === 'text') return { mode: 'text', text }
  if (ranksBy === 'hybrid') return { mode: 'hybrid', vector, text }
  return { mode: 'vector', vector, recall: mode === 'recall' ? RECALL : 1 }
}

/** The documents that match the filter and contain a text, in the order of their ids. */
function listed(dataset: Dataset, { filter, k }: SearchRequest, text: string): SearchAnswer {
  const began = performance.now()
  const wanted = text.toLowerCase()
  const hits: FoundDocument[] = []
  let cursor: string | undefined
  let read = 0
  do {
    const page = dataset.collection.list({ filter, limit: PAGE, cursor })
    read += page.documents.length
    cursor = page.cursor
    for (const document of page.documents) {
      if (hits.length === k) break
      const isFound = [document.id, document.content ?? ''].some(each =>
        each.toLowerCase().includes(wanted),
      )
      if (isFound) hits.push(foundDocument(dataset, document))
    }
  } while (cursor !== undefined && hits.length < k && read < MOST_READ)
  const unread = cursor !== undefined && hits.length < k ? `; only ${read} documents were read` : ''
  const note =
    text === ''
      ? 'listed by id'
      : `listed by id: documents that contain the text, as the table ${dataset.table.name} does not have a text index${unread}`
  return { hits, milliseconds: performance.now() - began, note }
}

type Ranked = Pick<Hit, 'id' | 'content' | 'meta'> & Partial<Pick<Hit, 'score' | 'distance'>>

function foundDocument(
  dataset: Dataset,
  { id, score, distance, content, meta }: Ranked,
): FoundDocument {
  const metaText = meta === null || meta === undefined ? null : jsonText(meta)
  return { row: dataset.rowOf(id), id, score, distance, content: excerpt(content), meta: metaText }
}

function jsonText(meta: unknown): string {
  return typeof meta === 'string'
    ? meta
    : JSON.stringify(meta, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
}

function excerpt(content: string | null | undefined): string | null {
  if (content === null || content === undefined) return null
  return content.length > EXCERPT ? `${content.slice(0, EXCERPT)}…` : content
}

/** Documents by their rows, in that order; rows that are gone are left out. */
export function documents(
  dataset: Dataset,
  rows: readonly number[],
  withVectors: boolean,
): FullDocument[] {
  const sql = `SELECT CAST(id AS TEXT) AS id, ${dataset.optional('content')} AS content, ${dataset.optional('meta')} AS meta
    FROM ${dataset.from} WHERE ${dataset.where} AND rowid = ?2`
  return rows.flatMap(row =>
    dataset.all(sql, row).map(({ id, content, meta }) => ({
      row,
      id: String(id),
      content: content as string | null,
      meta: meta as string | null,
      vector: withVectors ? dataset.vectorOf(row) : undefined,
    })),
  )
}
