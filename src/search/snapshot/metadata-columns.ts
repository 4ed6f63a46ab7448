import { lateSearch } from '#late-search'
import { MAX_STAGED_ROWS } from '../../index/vector-index.ts'
import type { ColumnStore } from '../memory/columns/column-store.ts'
import { columnsOf, type ColumnTest } from '../memory/columns/column-test.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import { eachInFileOrder, VISITED_COLUMNS } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { StoredColumn } from '../schema/table-schema.ts'
import type { IndexedSnapshot } from './index-snapshot.ts'
import type { SearchContext } from './search-context.ts'

/** A store for the columns that the table stores as declared; undefined if there are none, or their code is not loaded. */
export function emptyColumns(
  shadow: ShadowTable,
  wanted: readonly StoredColumn[],
): ColumnStore | undefined {
  const kept = wanted.filter(column => shadow.keeps(column))
  if (kept.length === 0) return undefined
  return lateSearch.wanted?.ColumnStore.of(shadow.refresh().definition, kept)
}

/**
 * The columns of an index, if they have the meaning of this connection's table. Columns of another declaration are
 * dropped.
 */
export function presentColumns(
  shadow: ShadowTable,
  datasetIndex: DatasetIndex,
): ColumnStore | undefined {
  const { columns } = datasetIndex
  if (columns && columns.definition !== shadow.refresh().definition) {
    datasetIndex.columns = undefined
    datasetIndex.columnsUnsaved = true
  }
  return datasetIndex.columns
}

/**
 * The columns of an index, if they have everything that a test reads. Columns not in memory are read from the table.
 * Undefined: SQL has to answer.
 */
export function columnsFor(
  { shadow, columns = [] }: SearchContext,
  { datasetIndex, dataset, changed, writing, state }: IndexedSnapshot,
  test: ColumnTest,
): ColumnStore | undefined {
  const wanted = columnsOf(test)
  if (!wanted.every(column => shadow.keeps(column))) return undefined
  const { definition } = shadow.refresh()
  const known = datasetIndex.columns
  const complete = known?.definition === definition && wanted.every(column => known.has(column))
  if (!complete) {
    // This transaction sees other rows than the index.
    if (changed.length > 0 || (writing && state !== 'transaction-local')) return undefined
    const all = new Map([...columns, ...wanted].map(column => [column.stored, column]))
    const store = emptyColumns(shadow, [...all.values()])
    if (!store) return undefined
    fill(shadow, dataset, datasetIndex, store)
    datasetIndex.columns = store
    datasetIndex.columnsUnsaved = true
  }
  const present = datasetIndex.columns!
  return present.answers(test) ? present : undefined
}

/** Reads the columns of all rows of an index. */
function fill(
  shadow: ShadowTable,
  dataset: string,
  { ids }: DatasetIndex,
  store: ColumnStore,
): void {
  const positions: number[] = []
  const place = (): void => {
    store.widen(positions.length)
    for (const [slot, position] of positions.entries()) store.place(slot, position)
    positions.length = 0
  }
  eachInFileOrder(shadow, dataset, `NULL, {rowid}${store.selected}`, row => {
    const position = row.isText(0) ? ids.find(row.bytes(0)) : -1
    if (position < 0) return
    store.stage(positions.length, row, VISITED_COLUMNS)
    if (positions.push(position) === MAX_STAGED_ROWS) place()
  })
  place()
  store.trim()
}
