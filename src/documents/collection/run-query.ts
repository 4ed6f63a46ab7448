import { decodeEmbedding } from '../../core/embedding.ts'
import { embedText } from '../embed.ts'
import { answerQuery } from './answer-query.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import { readField } from './field.ts'
import type { HitPage } from './hit.ts'
import {
  needsVector,
  readQuery,
  withCandidates,
  type CollectionQuery,
  type ReadQuery,
} from './read-query.ts'
import { reranked, rerankedBy, type RerankQuery } from './rerank.ts'

/** Embeds the text of a query, answers it in one snapshot, and scores the hits again if requested. */
export async function runQuery<M>(
  where: string,
  handle: DatasetHandle,
  query: CollectionQuery<M>,
): Promise<HitPage<M>> {
  const read = readQuery(where, query)
  for (;;) {
    const { embedder } = handle
    const vector = needsVector(read) ? await embedQuery(where, handle, read) : read.vector
    // A migration has changed the model meanwhile: a vector of the old one must not be compared.
    if (needsVector(read) && handle.embedder !== embedder) continue
    const page = answer(where, handle, read, vector)
    if (!read.rerank) return page
    return rerankedBy(read.rerank.score, where, page.hits, askedOf(read), read)
  }
}

/** The synchronous form, for queries without a text to embed. */
export function runQuerySync<M>(
  where: string,
  handle: DatasetHandle,
  query: CollectionQuery<M>,
): HitPage<M> {
  const read = readQuery(where, query)
  if (needsVector(read)) {
    throw new TypeError(`${where}: query has a text, which query() embeds: expected a vector`)
  }
  const page = answer(where, handle, read, read.vector)
  if (!read.rerank) return page
  return reranked(where, page.hits, read.rerank.score(page.hits, askedOf(read)), read)
}

/**
 * Answers a query whose text the caller has embedded, if it has to be. `candidates`: how many complete hits the caller
 * scores again.
 */
export function answerEmbedded<M>(
  where: string,
  handle: DatasetHandle,
  query: CollectionQuery<M>,
  vector: Float32Array | undefined,
  candidates: number | undefined,
): HitPage<M> {
  const read = withCandidates(readQuery(where, query), candidates)
  return answer(where, handle, read, vector ?? read.vector)
}

async function embedQuery<M>(
  where: string,
  handle: DatasetHandle,
  { text, signal, groupBy }: ReadQuery<M>,
): Promise<Float32Array> {
  const { embed } = handle.requireEmbedder(where)
  // Fails before any embedding is paid for.
  const table = handle.open()
  handle.requireModel(table)
  if (groupBy !== undefined) readField(where, 'groupBy', groupBy, table)
  return decodeEmbedding(await embedText(embed, text!, signal === undefined ? {} : { signal }))
}

function answer<M>(
  where: string,
  handle: DatasetHandle,
  query: ReadQuery<M>,
  vector: Float32Array | undefined,
): HitPage<M> {
  const table = handle.open()
  return table.shadow.inSnapshot(() => {
    if (vector) handle.requireModel(table)
    return answerQuery(where, table, handle.dataset, query, vector)
  })
}

function askedOf<M>({ text, vector, signal }: ReadQuery<M>): RerankQuery {
  return { text, vector, signal }
}
