import { checksum } from '../../accelerators/checksum.ts'
import { rows } from '../../core/row-sample.ts'
import { firstRow } from '../../database/query.ts'
import { Journal } from '../journal/journal.ts'
import { IndexStore } from '../persistence/index-store.ts'
import {
  BLOCK_BYTES,
  decodeManifest,
  fingerprintOf,
  isIncomplete,
  isManifest,
  type Manifest,
} from '../persistence/manifest.ts'
import { BLOCKS, hasTable, STORAGE } from '../schema/layout.ts'
import { quoteName, storageName } from '../schema/names.ts'
import { compareIndex, differenceProblems } from './check-index.ts'
import type { DatasetStatistics } from './dataset-statistics.ts'
import { diagnostic } from './diagnostic.ts'
import type { Problem, Inspection } from './problem.ts'

/** Checks the saved index of a dataset, of ours or of the original. */
export function checkSaved(
  inspected: Inspection,
  dataset: string,
  statistics: DatasetStatistics,
): Problem[] {
  const { shadow } = inspected.searcher
  const { db, schema, key } = shadow
  if (!hasTable(db, schema, STORAGE)) return [notSaved(dataset)]
  const blob = firstRow(
    db,
    `SELECT "index" FROM ${quoteName(schema)}.${STORAGE} WHERE shadow_table_name = ? AND dataset_id = ?`,
    [storageName(key), dataset],
    row => (row.isNull(0) ? undefined : row.bytes(0).slice()),
  )
  if (!blob || blob.length === 0) return [notSaved(dataset)]
  const fix = inspected.fix('repair', dataset)
  const drop = (): string => {
    new IndexStore(db, schema).drop(key, dataset)
    return 'a saved index that cannot be trusted was deleted'
  }
  if (!isManifest(blob)) return [inspected.foreign.saved(inspected, dataset, blob)]
  const damaged = (why: string): Problem => ({
    ...diagnostic('warning', 'storage', `the saved index cannot be used, and is ignored: ${why}`, {
      dataset,
      fix,
    }),
    repair: drop,
    rebuild: true,
  })
  let manifest: Manifest
  try {
    manifest = decodeManifest(blob)
  } catch (error) {
    return [damaged((error as Error).message)]
  }
  if (isIncomplete(manifest)) return [notComplete(dataset)]
  const wrong =
    wrongManifest(inspected, dataset, manifest) ?? wrongBlock(inspected, dataset, manifest)
  if (wrong !== undefined) return [damaged(wrong)]
  return checkLoaded(inspected, dataset, statistics, manifest, damaged)
}

function notSaved(dataset: string): Problem {
  return diagnostic('info', 'storage', 'no index is saved: it is rebuilt when the file is opened', {
    dataset,
  })
}

function notComplete(dataset: string): Problem {
  return diagnostic(
    'info',
    'storage',
    'the index is being saved, or its last save was interrupted: until the next save, it is rebuilt when the file is opened',
    { dataset },
  )
}

function wrongManifest(
  { searcher }: Inspection,
  dataset: string,
  manifest: Manifest,
): string | undefined {
  if (manifest.fingerprint === fingerprintOf(searcher.context.spec, searcher.shadow.key, dataset))
    return undefined
  return 'it belongs to another table, dataset or set of options'
}

/** The fault of the chunks that a manifest names; undefined if all exist and match to the bit. */
function wrongBlock(
  { searcher }: Inspection,
  dataset: string,
  manifest: Manifest,
): string | undefined {
  const { db, schema, key } = searcher.shadow
  if (!hasTable(db, schema, BLOCKS)) return `there is no table ${BLOCKS}`
  using statement = db.prepare(
    `SELECT chunk, data FROM ${quoteName(schema)}.${BLOCKS}
     WHERE shadow_table_name = ? AND dataset_id = ? AND section = ? ORDER BY chunk`,
  )
  for (const { name: section, bytes, checksums } of manifest.sections) {
    let next = 0
    let wrong: string | undefined
    statement.each([storageName(key), dataset, section], row => {
      const chunk = row.number(0)
      const data = row.bytes(1)
      const length = Math.min(BLOCK_BYTES, bytes - chunk * BLOCK_BYTES)
      if (chunk !== next || next === checksums.length) {
        wrong =
          next < checksums.length && chunk > next
            ? `chunk ${next} of ${section} is missing`
            : `${section} has a chunk ${chunk} that its manifest does not list`
      } else if (data.length !== length || checksum(data) !== checksums[chunk]) {
        wrong = `chunk ${chunk} of ${section} is damaged`
      }
      next++
      return wrong === undefined
    })
    if (wrong !== undefined) return wrong
    if (next < checksums.length) return `chunk ${next} of ${section} is missing`
  }
  return undefined
}

/** Loads the saved index and compares it with the table. */
function checkLoaded(
  inspected: Inspection,
  dataset: string,
  statistics: DatasetStatistics,
  manifest: Manifest,
  damaged: (why: string) => Problem,
): Problem[] {
  const { searcher } = inspected
  const { shadow } = searcher
  const { db, schema, key } = shadow
  if (!shadow.refresh().journaled) {
    return [
      diagnostic(
        'info',
        'storage',
        'the saved index cannot be used until the journal is repaired',
        {
          dataset,
        },
      ),
    ]
  }
  const journal = new Journal(db, schema)
  try {
    const now = journal.head()
    if (typeof now === 'string' || !journal.follows(manifest.logPosition, now)) {
      return [damaged('the journal no longer reaches back to it')]
    }
    const datasetIndex = new IndexStore(db, schema).load(key, dataset, searcher.context.spec)
    if (!datasetIndex) return [damaged('its chunks are sound, but make no index')]
    try {
      const changed = journal.changedIds(manifest.logPosition.seq, key, dataset, Infinity)!
      const found = differenceProblems(
        'the saved index',
        dataset,
        compareIndex(inspected, dataset, statistics, datasetIndex, changed),
        inspected,
      )
      if (found.length > 0) return found
      const behind =
        changed.length === 0 ? '' : `, ${rows(changed.length)} changed since and will be read again`
      return [
        diagnostic(
          'ok',
          'storage',
          `the saved index is intact and agrees with the table: ${rows(datasetIndex.count)}${behind}`,
          { dataset },
        ),
      ]
    } finally {
      datasetIndex.dispose()
    }
  } finally {
    journal.dispose()
  }
}
