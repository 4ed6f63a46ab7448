import { bitsOf } from '../../core/bit-count.ts'
import { IdList, type GivenIds } from '../../core/id-list.ts'
import type { IdTable } from '../../core/id-table.ts'
import type { VectorIndex } from '../../index/vector-index.ts'
import type { ColumnStore } from '../memory/columns/column-store.ts'
import type { FilteredRows, Passing } from '../memory/filter-cache.ts'
import type { FilterPlan } from '../memory/filter-plan.ts'
import { eachIdWhere, passes } from '../schema/row-filter.ts'
import type { IndexedSnapshot } from '../snapshot/index-snapshot.ts'
import { columnsFor } from '../snapshot/metadata-columns.ts'
import type { SearchContext } from '../snapshot/search-context.ts'
import type { FilterPart, SearchFilter } from './search-filter.ts'

/** Up to this many rows are looked up by key instead of by a scan, if as many are requested. */
const FEW = 64
/** From this share of matching rows on, a scan of all rows with a filter afterwards costs less than a bitmap. */
const MOST = 0.4
/** The number of positions from which the share is estimated. */
const SAMPLES = 128
/** The factor by which more rows are requested than estimated. */
const MARGIN = 1.5

/** How a search restricts its rows. */
export interface Selection {
  /** A bitmap of the allowed positions; undefined: all positions. */
  readonly words: Uint32Array | undefined
  /** All matching rows, which are looked up. */
  readonly keys?: readonly Uint8Array[]
  /** The condition for single candidates; `words` does not include it. */
  passes?(this: void, position: number): boolean
  /** The number of candidates to request beyond those needed. */
  readonly surplus: number
}

/** What to select, and from which index. */
interface Request {
  readonly filter: SearchFilter | undefined
  readonly ids: GivenIds | undefined
  /** The number of requested rows. */
  readonly limit: number
  /** Whether the share of matching rows was misleading for the rows near the query. */
  readonly misled?: boolean
  readonly snapshot: IndexedSnapshot
  readonly index: VectorIndex
}

const ALL: Selection = { words: undefined, surplus: 0 }

/** Chooses how to restrict the rows of a search: by key, by a bitmap for the scan, or after the scan. */
export function selectRows(context: SearchContext, request: Request): Selection {
  const { filter, ids, limit, snapshot, index, misled } = request
  const { datasetIndex, changed } = snapshot
  if (!filter && !ids && changed.length === 0) return ALL
  const asked = filter && new AskedFilter(context, filter, snapshot, index)
  const share = ids || limit === Infinity || misled === true ? undefined : asked?.largeShare
  if (asked && share !== undefined) {
    datasetIndex.filters.note(asked.filter, asked.plan('after the scan', share))
    return {
      words: changed.length === 0 ? undefined : wordsOf(request, undefined),
      passes: asked.passes,
      surplus: Math.ceil((limit / share - limit) * MARGIN) + 8,
    }
  }
  const passing = asked?.passing
  const words = passing && !ids && changed.length === 0 ? passing.words : wordsOf(request, passing)
  const few = passing && !ids && passing.count <= Math.min(limit, FEW) && !index.inMemoryVectors
  if (asked && passing) {
    datasetIndex.filters.note(asked.filter, asked.plan(few ? 'by key' : 'bitmap', passing))
  }
  if (!few) return { words, surplus: 0 }
  const keys: Uint8Array[] = [...changed]
  for (let position = 0; position < index.positions; position++) {
    const bit = words[position >>> 5] & (1 << (position & 31))
    if (bit !== 0 && index.isLive(position)) keys.push(datasetIndex.ids.idAt(position).slice())
  }
  return { words, keys, surplus: 0 }
}

/** The allowed positions without these rows, which no longer exist. */
export function without(
  orphans: readonly number[],
  { words }: Selection,
  { positions }: VectorIndex,
): Uint32Array | undefined {
  if (orphans.length === 0) return words
  const rest = words?.slice() ?? new Uint32Array((positions + 31) >>> 5).fill(0xffffffff)
  for (const orphan of orphans) rest[orphan >>> 5] &= ~(1 << (orphan & 31))
  return rest
}

/** The positions of the given ids that match, except for the changed ones. */
function wordsOf({ ids, snapshot, index }: Request, passing: Passing | undefined): Uint32Array {
  const { datasetIndex, changed } = snapshot
  if (!ids) {
    const words = passing?.words.slice() ?? everything(index)
    hide(words, changed, snapshot)
    return words
  }
  const words = new Uint32Array((index.positions + 31) >>> 5)
  setPositions(words, ids, datasetIndex.ids)
  if (passing) for (let i = 0; i < words.length; i++) words[i] &= passing.words[i]
  hide(words, changed, snapshot)
  return words
}

/** Sets the bits of the positions of ids. Those of an `IdList` are looked up where they are, without a view of each. */
function setPositions(words: Uint32Array, ids: GivenIds, table: IdTable): void {
  const set = (position: number): void => {
    if (position >= 0) words[position >>> 5] |= 1 << (position & 31)
  }
  if (ids instanceof IdList) table.eachPosition(ids, set)
  else for (const id of ids) set(table.find(id))
}

function everything(index: VectorIndex): Uint32Array {
  return new Uint32Array((index.positions + 31) >>> 5).fill(0xffffffff)
}

function hide(
  words: Uint32Array,
  changed: readonly Uint8Array[],
  { datasetIndex }: IndexedSnapshot,
): void {
  for (const id of changed) {
    const position = datasetIndex.ids.find(id)
    if (position >= 0) words[position >>> 5] &= ~(1 << (position & 31))
  }
}

/** A filter of one index in one snapshot. */
class AskedFilter {
  readonly #context: SearchContext
  readonly filter: SearchFilter
  readonly #parts: readonly FilterPart[]
  readonly #snapshot: IndexedSnapshot
  readonly #index: VectorIndex
  /** The columns that answer each part; undefined if SQL has to. */
  readonly #columns = new Map<FilterPart, ColumnStore | undefined>()

  constructor(
    context: SearchContext,
    filter: SearchFilter,
    snapshot: IndexedSnapshot,
    index: VectorIndex,
  ) {
    this.#context = context
    this.filter = filter
    this.#parts = filter.parts ?? [filter]
    this.#snapshot = snapshot
    this.#index = index
    for (const part of this.#parts) {
      const columns = part.test && columnsFor(context, snapshot, part.test)
      this.#columns.set(part, columns)
    }
  }

  /** Whether a position matches, if the columns can tell. */
  readonly passes = (position: number): boolean => {
    for (const [part, columns] of this.#columns) {
      if (!columns!.passes(part.test!, position)) return false
    }
    return true
  }

  /** The estimated share of matching rows, if it is too large for a bitmap. */
  get largeShare(): number | undefined {
    const { filters } = this.#snapshot.datasetIndex
    const { positions } = this.#index
    const definition = this.#context.shadow.refresh().definition
    for (const [part, columns] of this.#columns) {
      if (!columns || filters.knows({ definition }, part)) return undefined
    }
    // A bitmap of them takes less than the surplus of a scan.
    if ([...this.#columns].every(([part, columns]) => columns!.selectsFast(part.test!)))
      return undefined
    let passing = 0
    for (let sample = 0; sample < SAMPLES; sample++) {
      if (this.passes(Math.floor((positions * (sample + 0.5)) / SAMPLES))) passing++
    }
    return passing >= MOST * SAMPLES ? passing / SAMPLES : undefined
  }

  get passing(): Passing {
    const [first, ...others] = this.#parts.map(part => this.#passingOf(part))
    if (others.length === 0) return first
    const words = first.words.slice()
    for (const other of others) {
      for (let i = 0; i < words.length; i++) words[i] &= other.words[i]
    }
    const sources = new Set([first, ...others].map(({ source }) => source))
    const source = sources.has('table') ? 'table' : sources.has('columns') ? 'columns' : 'cached'
    return { words, count: bitsOf(words), source }
  }

  plan(way: FilterPlan['way'], passing: Passing | number): FilterPlan {
    const { positions } = this.#index
    return typeof passing === 'number'
      ? { way, passing: Math.round(passing * positions), of: positions, source: 'estimate' }
      : { way, passing: passing.count, of: positions, source: passing.source }
  }

  #passingOf(part: FilterPart): Passing {
    const { shadow } = this.#context
    const { dataset, datasetIndex, changed, writing, state } = this.#snapshot
    const { ids, filters } = datasetIndex
    const { positions } = this.#index
    const columns = this.#columns.get(part)
    const rows: FilteredRows = {
      ids,
      positions,
      changed,
      uncommitted: writing && state !== 'transaction-local',
      definition: shadow.refresh().definition,
      eachPassing: visit => eachIdWhere(shadow, dataset, part, visit),
      passes: id => passes(shadow, dataset, id, part),
      columns: columns && {
        select: () => columns.select(part.test!, positions),
        passes: position => columns.passes(part.test!, position),
      },
    }
    return filters.positions(rows, part)
  }
}
