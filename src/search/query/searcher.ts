import { lateSearch } from '#late-search'
import { isFiniteVector } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import { idKey } from '../../core/id-key.ts'
import { keysOf, type GivenIds } from '../../core/id-list.ts'
import type { IdTable } from '../../core/id-table.ts'
import { exactSimilarity } from '../../core/similarity.ts'
import type { RowReader } from '../../database/row-reader.ts'
import type { Candidates, VectorIndex } from '../../index/vector-index.ts'
import { eachIdWhere, passes, type RowFilter } from '../schema/row-filter.ts'
import { rowByKey } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import { vectorBytes, vectorLength } from '../schema/stored-vector.ts'
import { IndexManager } from '../snapshot/index-manager.ts'
import type { IndexedSnapshot } from '../snapshot/index-snapshot.ts'
import type { SearchContext } from '../snapshot/search-context.ts'
import type { TextSearcher } from '../text/text-search.ts'
import { approximate, skipClusters } from './approximate.ts'
import { DimScorer } from './dim-scorer.ts'
import { MOST_ROWS, RowBatch } from './row-batch.ts'
import { selectRows, without } from './row-selection.ts'
import { RowidGuess } from './rowid-guess.ts'
import type { Answer, Search, SearchReport } from './search.ts'
import { TableScan } from './table-scan.ts'
import type { Together } from './together.ts'
import { TopK } from './top-k.ts'

/** Up to this many given ids, or rows of an unverified small index, are read one by one. */
const FEW = 256
/** Reading this share of an index's rows one by one takes about as long as reading the whole table. */
const DEAR_SHARE = 1 / 8
/** The factor by which the number of candidates grows whenever more rows are needed. */
const GROWTH = 4
/**
 * Up to this share of its rows, the index is asked again; then the table is read for all rows. All look-ups before
 * that, a third more, take about a twelfth of the table's time.
 */
const GROWING_SHARE = DEAR_SHARE / 16
/** The number of rows that the kernels score in the time of one. */
const SCORED_TOGETHER = 4
const NOTHING: SearchReport = {
  path: 'nothing',
  visited: 0,
  candidates: 0,
  rescored: 0,
  delta: 0,
}

/** Finds the nearest documents of a vec table, as its connection's transaction sees them. */
export class Searcher {
  readonly context: SearchContext
  readonly indexes: IndexManager
  /** Undefined for a table without a text index. */
  readonly text: TextSearcher | undefined
  readonly #scan: TableScan
  readonly #scorer: DimScorer
  readonly #batch: RowBatch
  readonly #guesses = new WeakMap<IdTable, RowidGuess>()
  #row = new Float32Array(0)
  #rowBytes = new Uint8Array(0)
  #together: Together | undefined
  /** The dimension of a row that was skipped for it. */
  #otherDim = 0

  constructor(context: SearchContext) {
    this.context = context
    this.indexes = new IndexManager(context)
    this.#scan = new TableScan(context.shadow, context.spec.metric)
    this.#scorer = new DimScorer(context.spec.metric)
    this.#batch = new RowBatch(context.shadow)
    this.text = context.text && lateSearch.needed.textSearcher(context, context.text, this.indexes)
  }

  get shadow(): ShadowTable {
    return this.context.shadow
  }

  search(search: Search): Answer {
    return this.shadow.inSnapshot(() => this.#search(search))
  }

  /**
   * Runs searches in one snapshot. Those for these queries, in their order, and alike in everything else, take less time
   * together: they share the threads and the cache.
   */
  together<T>(queries: readonly Float32Array[], run: () => T): T {
    return this.shadow.inSnapshot(() => {
      const together = new lateSearch.needed.Together(queries)
      this.#together = together
      try {
        return run()
      } finally {
        this.#together = undefined
        together.end()
      }
    })
  }

  #search(search: Search): Answer {
    const shape = this.shadow.refresh()
    if (search.limit === 0 || search.minSimilarity > search.maxSimilarity) return this.#nothing()
    if (search.ids && search.ids.length <= FEW) return this.#searchKeys(search, search.ids)
    const snapshot = this.indexes.snapshot(search.dataset, { shape })
    if (snapshot.state === 'table-scan') return this.#searchTable(search)
    if (search.filter && !this.shadow.refresh().filterable) return this.#search(this.#byIds(search))
    const { index } = snapshot.datasetIndex
    if (this.#prefersTable(search, snapshot, index)) return this.#searchTable(search)
    return this.#searchIndex(search, snapshot, index)
  }

  #nothing(): Answer {
    return {
      hits: new TopK(0, this.context.spec.metric).ranked(),
      next: undefined,
      report: NOTHING,
    }
  }

  dispose(): void {
    this.indexes.dispose()
    this.#scan.dispose()
    this.#scorer.dispose()
  }

  /**
   * Whether reading the whole table costs less than looking up the rows of an index, or can decide what the index
   * cannot.
   */
  #prefersTable(
    search: Search,
    snapshot: IndexedSnapshot,
    index: VectorIndex | undefined,
  ): boolean {
    if (snapshot.changed.length > 0 && (!index || snapshot.datasetIndex.mixed)) return true
    if (!index) return false
    // The table tells whether the query or the index has the wrong dimension.
    if (index.dim !== search.query.length) return true
    return (
      search.limit > dearLookUps(index) && search.limit > 64 && !this.#inMemory(snapshot, index)
    )
  }

  /** Whether the rows are in memory, and none of them can have vanished. */
  #inMemory(snapshot: IndexedSnapshot, index: VectorIndex): boolean {
    return (
      index.inMemoryVectors !== undefined &&
      snapshot.changed.length === 0 &&
      !snapshot.writing &&
      this.indexes.verified(snapshot)
    )
  }

  /** The search restricted to the ids that match the condition, for a journal that does not record all it reads. */
  #byIds(search: Search): Search {
    const wanted = search.ids && keysOf(search.ids)
    const ids: Uint8Array[] = []
    eachIdWhere(this.shadow, search.dataset, search.filter!, id => {
      if (!wanted || wanted.has(idKey(id))) ids.push(id.slice())
    })
    return { ...search, ids, filter: undefined }
  }

  #searchTable(search: Search): Answer {
    if (search.filter) return this.#searchTable(this.#byIds(search))
    const wanted = search.ids && keysOf(search.ids)
    const limit = search.more ? Infinity : search.limit
    const hits = new TopK(wanted ? Infinity : limit, this.context.spec.metric)
    const { scored, dim } = this.#scan.run(search.dataset, search.query, hits, search.accepts)
    if (dim > 0 && dim !== search.query.length) throw this.#wrongDimension(search, dim)
    const report: SearchReport = {
      path: 'table',
      visited: scored,
      candidates: scored,
      rescored: scored,
      delta: 0,
    }
    hits.ranked()
    if (!wanted) return answer(hits, limit, Infinity, report)
    const chosen = new TopK(limit, this.context.spec.metric)
    for (let rank = 0; rank < hits.count; rank++) {
      const id = hits.id(rank)
      if (wanted.has(idKey(id))) chosen.add(hits.similarity(rank), id, hits.rowid(rank))
    }
    return answer(chosen.ranked(), limit, Infinity, report)
  }

  #searchKeys(search: Search, ids: GivenIds): Answer {
    const limit = search.more ? Infinity : search.limit
    const hits = new TopK(limit, this.context.spec.metric)
    let rescored = 0
    this.#otherDim = 0
    for (const id of ids) {
      if (this.#addRow(search, id, hits, search.filter) !== 'orphan') rescored++
    }
    // All rows had another dimension. The whole dataset decides whether they or the query are wrong.
    if (rescored === 0 && this.#otherDim > 0 && !this.#isDimensionOf(search))
      return this.#searchTable(search)
    return answer(hits.ranked(), limit, Infinity, {
      path: 'keys',
      visited: 0,
      candidates: ids.length,
      rescored,
      delta: 0,
    })
  }

  /** Whether the index has the dimension of the query. */
  #isDimensionOf(search: Search): boolean {
    const snapshot = this.indexes.snapshot(search.dataset)
    if (snapshot.state === 'table-scan' || snapshot.changed.length > 0) return false
    return snapshot.datasetIndex.dim === search.query.length
  }

  #searchIndex(search: Search, snapshot: IndexedSnapshot, index: VectorIndex | undefined): Answer {
    if (!index) return this.#nothing()
    const { datasetIndex, changed } = snapshot
    const wanted = search.ids && changed.length > 0 ? keysOf(search.ids) : undefined
    const { filter, ids, limit } = search
    const request = { filter, ids, limit, snapshot, index }
    let selection = selectRows(this.context, request)
    const orphans: number[] = []
    let visited = 0
    let found = 0
    let rescored = 0
    /** The number of rows requested beyond `limit`, to replace rows that the index does not know to be excluded. */
    let { surplus } = selection
    for (;;) {
      if (selection.keys) return this.#searchKeys(search, selection.keys)
      const hits = new TopK(search.limit, this.context.spec.metric)
      this.#otherDim = 0
      for (const id of changed) {
        if (!wanted || wanted.has(idKey(id))) this.#addRow(search, id, hits, search.filter)
      }
      // The dimension of the dataset may be in question: the table decides.
      if (this.#otherDim > 0) return this.#searchTable(search)
      // At least one, since all its rows may have vanished.
      const k = Math.max(1, Math.min(search.limit + surplus, index.count))
      const asked = {
        query: search.query,
        k,
        allowed: without(orphans, selection, index),
        minSimilarity: search.minSimilarity,
        maxSimilarity: search.maxSimilarity,
      }
      const { recall = this.context.recall ?? 1 } = search
      const onChange = (): void => this.indexes.suggestSave(datasetIndex)
      const near = recall < 1 ? approximate(datasetIndex, asked, recall, onChange) : undefined
      const skipped = near ? undefined : skipClusters(datasetIndex, asked, onChange)
      const candidates =
        near?.candidates ??
        skipped?.candidates ??
        this.#together?.candidates(index, asked) ??
        index.search(asked)
      visited += candidates.visited
      const inMemory = this.#inMemory(snapshot, index)
      const { count, positions, upper } = candidates
      found += count
      const seenOrphans = orphans.length
      let refused = 0
      let bounded = false
      /** The range of candidates in the batch. */
      let first = 0
      let end = 0
      for (let i = 0; i < count; i++) {
        bounded = upper[i] < hits.threshold
        if (bounded) break
        const position = positions[i]
        if (selection.passes && !selection.passes(position)) {
          refused++
          continue
        }
        rescored++
        // Too many rows tie, or cannot be separated by their bounds.
        if (i > FEW && i > dearLookUps(index) && !inMemory) return this.#searchTable(search)
        if (inMemory) {
          const similarity = index.inMemoryVectors!.similarity(position)
          if (!search.accepts(similarity)) refused++
          else hits.add(similarity, datasetIndex.ids.idAt(position), NaN)
          continue
        }
        if (i >= end) {
          first = i
          end = this.#readRows(search, datasetIndex.ids, candidates, i, hits)
        }
        const batch = this.#batch
        if (batch.isOrphan(i - first)) {
          orphans.push(position)
          continue
        }
        const similarity = batch.similarity(i - first)
        if (Number.isNaN(similarity) || !search.accepts(similarity)) refused++
        else hits.add(similarity, batch.id(i - first), batch.rowid(i - first))
      }
      if (orphans.length > seenOrphans) {
        this.#together?.end()
        // A row vanished without an entry (REPLACE through another key). Before a commit, it is only masked.
        if (!snapshot.writing)
          for (const orphan of orphans.splice(0)) datasetIndex.removeOrphan(orphan)
        continue
      }
      // Rows refused at the very edge of a range may have displaced others: docs/exact-index.md, "Refused rows".
      if (bounded || refused <= surplus || k >= index.count) {
        return answer(hits.ranked(), search.limit, nextLimit(search.limit, index, inMemory), {
          path: 'index',
          visited,
          candidates: found,
          rescored,
          delta: changed.length,
          promised: near?.promised,
          clusters: skipped && { visited: skipped.visited, of: skipped.clusters },
        })
      }
      if (selection.passes) selection = selectRows(this.context, { ...request, misled: true })
      surplus = selection.surplus || Math.max(2 * surplus, refused)
    }
  }

  /** Reads and scores a batch of candidates from `from` on, whose bounds reach the threshold. Returns its end. */
  #readRows(
    search: Search,
    ids: IdTable,
    { count, positions, upper }: Candidates,
    from: number,
    hits: TopK,
  ): number {
    const { dataset, limit, query } = search
    const rows = hits.full ? SCORED_TOGETHER : Math.min(MOST_ROWS, limit - hits.count)
    const wanted: Uint8Array[] = []
    const places: number[] = []
    let end = from
    for (; end < count && wanted.length < rows && !(upper[end] < hits.threshold); end++) {
      places.push(positions[end])
      wanted.push(ids.idAt(positions[end]).slice())
    }
    let guess = this.#guesses.get(ids)
    if (!guess) this.#guesses.set(ids, (guess = new RowidGuess()))
    this.#batch.read(dataset, wanted, places, guess, query.length, this.#scorer.of(query))
    return end
  }

  /** Scores the current row of an id. An orphan is a row that is gone or hidden, or lacks a vector of this dimension. */
  #addRow(
    search: Search,
    id: Uint8Array,
    hits: TopK,
    filter?: RowFilter,
  ): 'scored' | 'refused' | 'orphan' {
    const scored = rowByKey(this.shadow, search.dataset, id, row => {
      const dim = search.query.length
      const found = vectorLength(this.shadow.shape.type, row, 1)
      if (found !== dim) {
        if (found > 0) this.#otherDim = found
        return 'orphan'
      }
      const vector = this.#vectorOf(row, dim)
      if (!isFiniteVector(vector)) return 'orphan'
      if (filter && !passes(this.shadow, search.dataset, id, filter)) return 'refused'
      const similarity = exactSimilarity(this.context.spec.metric, search.query, vector)
      if (Number.isNaN(similarity) || !search.accepts(similarity)) return 'refused'
      hits.add(similarity, id, row.isNull(0) ? NaN : row.number(0))
      return 'scored'
    })
    return scored ?? 'orphan'
  }

  #vectorOf(row: RowReader, dim: number): Float32Array {
    if (this.#row.length !== dim) {
      this.#row = new Float32Array(dim)
      this.#rowBytes = new Uint8Array(this.#row.buffer)
    }
    this.#rowBytes.set(vectorBytes(this.shadow.shape.type, row, 1, dim))
    return this.#row
  }

  #wrongDimension(search: Search, dim: number): VecError {
    const { schema, name } = this.shadow
    return new VecError(
      'VEC_DIMENSION',
      `vec: query dim ${search.query.length} != index dim ${dim}: dataset '${search.dataset}' of ${schema}.${name} holds vectors of ${dim} dimensions`,
      { hint: 'embed the query with the model that embedded the documents' },
    )
  }
}

/** `next` is the limit for the next request, if there may be more rows. */
function answer(hits: TopK, limit: number, next: number, report: SearchReport): Answer {
  return { hits, next: hits.count < limit || limit === Infinity ? undefined : next, report }
}

function nextLimit(limit: number, index: VectorIndex, inMemory: boolean): number {
  const next = limit * GROWTH
  return next <= index.count * (inMemory ? 1 : GROWING_SHARE) ? next : Infinity
}

function dearLookUps(index: VectorIndex): number {
  return index.count * DEAR_SHARE
}
