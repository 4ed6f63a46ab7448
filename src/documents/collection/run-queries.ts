import { argumentError } from '../../core/argument-error.ts'
import { decodeEmbedding } from '../../core/embedding.ts'
import { readVector, type VectorInput } from '../../core/read-vector.ts'
import { embedTexts } from '../embed.ts'
import { answerQuery } from './answer-query.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import type { Hit } from './hit.ts'
import {
  readManyOptions,
  withCandidates,
  type QueryManyOptions,
  type ReadQuery,
} from './read-query.ts'
import { reranked, rerankedBy } from './rerank.ts'

/** The hits of each of many queries. Texts are embedded in one call, and all are answered in one snapshot. */
export async function runQueries<M>(
  where: string,
  handle: DatasetHandle,
  queries: readonly (string | VectorInput)[],
  options: QueryManyOptions<M>,
): Promise<Hit<M>[][]> {
  requireArray(where, queries, 'an array of texts and vectors')
  const texts = queries.filter(query => typeof query === 'string')
  const read = readManyOptions(where, options)
  const given = queries.map((query, i) =>
    typeof query === 'string' ? undefined : readVector(query, where, `queries[${i}]`),
  )
  for (;;) {
    const { embedder } = handle
    const embedded = await embedAll(where, handle, texts, read)
    // A migration has changed the model meanwhile: a vector of the old one must not be compared.
    if (texts.length > 0 && handle.embedder !== embedder) continue
    const vectors = given.map(vector => vector ?? embedded.shift()!)
    const pages = answers(where, handle, read, vectors)
    if (!read.rerank) return pages
    const ranked: Hit<M>[][] = []
    for (const [i, hits] of pages.entries()) {
      const query = queries[i]
      const text = typeof query === 'string' ? query : undefined
      const asked = { text, vector: vectors[i], signal: read.signal }
      ranked.push((await rerankedBy(read.rerank.score, where, hits, asked, read)).hits)
    }
    return ranked
  }
}

/** The synchronous form, for vectors. */
export function runQueriesSync<M>(
  where: string,
  handle: DatasetHandle,
  queries: readonly VectorInput[],
  options: QueryManyOptions<M>,
): Hit<M>[][] {
  requireArray(where, queries, 'an array of vectors')
  const read = readManyOptions(where, options)
  const vectors = queries.map((query, i) => {
    if (typeof query !== 'string') return readVector(query, where, `queries[${i}]`)
    throw new TypeError(
      `${where}: queries[${i}] is a text, which queryMany() embeds: expected a vector`,
    )
  })
  const pages = answers(where, handle, read, vectors)
  const { rerank, signal } = read
  if (!rerank) return pages
  return pages.map((hits, i) => {
    const scores: unknown = rerank.score(hits, { text: undefined, vector: vectors[i], signal })
    return reranked(where, hits, scores, read).hits
  })
}

/** Answers queries whose texts the caller has embedded. `candidates`: how many hits of each the caller scores again. */
export function answerVectors<M>(
  where: string,
  handle: DatasetHandle,
  vectors: readonly Float32Array[],
  options: QueryManyOptions<M>,
  candidates: number | undefined,
): Hit<M>[][] {
  const read = withCandidates(readManyOptions(where, options), candidates)
  return answers(where, handle, read, vectors)
}

function requireArray(where: string, queries: unknown, expected: string): void {
  if (!Array.isArray(queries)) throw argumentError(where, 'queries', queries, expected)
}

async function embedAll<M>(
  where: string,
  handle: DatasetHandle,
  texts: readonly string[],
  { signal }: ReadQuery<M>,
): Promise<Float32Array[]> {
  if (texts.length === 0) {
    signal?.throwIfAborted()
    return []
  }
  const { embed } = handle.requireEmbedder(where)
  // Fails before any embedding is paid for.
  handle.requireModel(handle.open())
  const embeddings = await embedTexts(embed, texts, signal === undefined ? {} : { signal })
  return embeddings.map(decodeEmbedding)
}

function answers<M>(
  where: string,
  handle: DatasetHandle,
  query: ReadQuery<M>,
  vectors: readonly Float32Array[],
): Hit<M>[][] {
  const table = handle.open()
  if (vectors.length === 0) return []
  return table.searcher.together(vectors, () => {
    handle.requireModel(table)
    return vectors.map(
      vector => answerQuery<M>(where, table, handle.dataset, query, vector, false).hits,
    )
  })
}
