import type { DatasetLag } from '../../entries/vecsync.ts'

/** A row of the table: dataset, state, last change here, last change there, changes behind, seconds behind. */
export function lagCells(lag: DatasetLag): string[] {
  const { datasetId, state, lastScn, headScn, entries, seconds } = lag
  return [
    datasetId,
    state,
    String(lastScn),
    String(headScn ?? ''),
    String(entries ?? ''),
    seconds === undefined ? '' : seconds.toFixed(1),
  ]
}
