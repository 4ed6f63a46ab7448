import type { Diagnostic } from '../../entries/vecadmin.ts'
import { syncNames } from '../../replication/sync-names.ts'
import type { Dataset } from '../dataset.ts'

/**
 * The state of a dataset that a replicator fills, from the file alone: the page never asks the upstream, which alone
 * knows how many changes are still to come.
 */
export function replicaFacts(dataset: Dataset): Diagnostic[] {
  const { name, table } = dataset
  const { state } = syncNames()
  const [{ known }] = dataset.all(
    `SELECT count(*) AS known FROM pragma_table_info('${state}') WHERE name = 'halt_code' AND ?1 <> ''`,
  )
  if (Number(known) === 0 || !table.columns.includes('scn')) return []
  const states = dataset.all(
    `SELECT phase, CAST(last_scn AS TEXT) AS scn, halt_code AS code, halt_message AS message,
       strftime('%Y-%m-%d %H:%M:%S', updated_at / 1000000, 'unixepoch') AS at
     FROM ${state} WHERE dataset_id = ?1 ORDER BY shadow_table`,
  )
  return states.map(({ at, code, message, phase, scn }) => {
    const reached = `change ${String(scn)}, ${String(at)} UTC`
    const op =
      code === null
        ? `replica: ${String(phase)}, ${reached}`
        : `replica: halted (${String(code)}), ${reached}: ${String(message)}`
    return {
      severity: code === null ? 'info' : 'error',
      topic: 'replica',
      dataset: name,
      op,
      fix: undefined,
    }
  })
}
