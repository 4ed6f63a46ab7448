import type { RowReader } from '../../database/row-reader.ts'
import type { VectorIndex } from '../../index/vector-index.ts'
import type { JournalHead, LogPosition } from '../journal/journal.ts'
import { DatasetIndex } from '../memory/dataset-index.ts'
import { visitJoinedRows } from '../schema/joined-pages.ts'
import { KEYED_COLUMNS, rowByKey, VISITED_COLUMNS, visitRows } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import { vectorBytes, vectorLength } from '../schema/stored-vector.ts'
import { emptyColumns, presentColumns } from './metadata-columns.ts'
import type { SearchContext } from './search-context.ts'

/** An index of all rows of a dataset. `index`, an empty one, takes them unless they have another dimension. */
export function filledIndex(
  { shadow, spec, columns: wanted = [] }: SearchContext,
  dataset: string,
  logPosition: LogPosition,
  index: VectorIndex | undefined,
): DatasetIndex {
  const datasetIndex = new DatasetIndex(spec, logPosition, 0, undefined, index)
  const columns = emptyColumns(shadow, wanted)
  datasetIndex.columns = columns
  try {
    const joined =
      !columns &&
      visitJoinedRows(shadow, dataset, (id, embedding) => datasetIndex.add(id, embedding))
    if (!joined) {
      visitRows(
        shadow,
        dataset,
        (id, embedding, _, row) => datasetIndex.add(id, embedding, row, VISITED_COLUMNS),
        columns?.selected,
      )
    }
    datasetIndex.flush()
    datasetIndex.index?.complete?.()
    datasetIndex.ids.trim()
    columns?.trim()
  } catch (error) {
    datasetIndex.dispose()
    throw error
  }
  return datasetIndex
}

/**
 * Updates the index to the current rows of these ids. Returns an empty index of another kind if that suits all rows
 * better.
 */
export function applyChanges(
  shadow: ShadowTable,
  dataset: string,
  datasetIndex: DatasetIndex,
  ids: readonly Uint8Array[],
): VectorIndex | undefined {
  datasetIndex.filters.changed(ids)
  const more = presentColumns(shadow, datasetIndex)?.selected
  const { type } = shadow.refresh()
  for (const id of ids) datasetIndex.remove(id)
  for (const id of ids) {
    const add = (row: RowReader): void => {
      const dim = vectorLength(type, row, 1)
      if (dim > 0) datasetIndex.add(id, vectorBytes(type, row, 1, dim), row, KEYED_COLUMNS)
    }
    rowByKey(shadow, dataset, id, add, more)
  }
  datasetIndex.flush()
  return datasetIndex.index?.strategy?.choose()
}

export function logPositionOf({ epoch, seq, tag }: JournalHead): LogPosition {
  return { epoch, seq, tag }
}
