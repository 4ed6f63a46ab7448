import { checksum } from '../../accelerators/checksum.ts'
import { rows } from '../../core/row-sample.ts'
import { firstRow } from '../../database/query.ts'
import { hasExportTriggers } from '../../viant/export/export-triggers.ts'
import { disagreement, ORIGINAL_KINDS, originalRows } from '../../viant/export/original-rows.ts'
import { decodeOriginal } from '../../viant/formats/decode-original.ts'
import { Journal } from '../journal/journal.ts'
import { CHUNK_BYTES, decodeHead, isHead, type SavedHead } from '../persistence/saved-head.ts'
import { stampOf, Storage } from '../persistence/storage.ts'
import { CHUNKS, hasTable, STORAGE } from '../schema/layout.ts'
import { quoteName, storageName } from '../schema/names.ts'
import type { Census } from './census.ts'
import { compareIndex, differenceFindings } from './check-index.ts'
import type { Defect, Inspected } from './defect.ts'
import { finding } from './finding.ts'

/** What is saved of the index of a dataset, by us or by the original. */
export function checkSaved(inspected: Inspected, dataset: string, counted: Census): Defect[] {
  const { shadow } = inspected.searcher
  const { db, schema, name } = shadow
  if (!hasTable(db, schema, STORAGE)) return [notSaved(dataset)]
  const blob = firstRow(
    db,
    `SELECT "index" FROM ${quoteName(schema)}.${STORAGE} WHERE shadow_table_name = ? AND dataset_id = ?`,
    [storageName(name), dataset],
    row => (row.isNull(0) ? undefined : row.bytes(0).slice()),
  )
  if (!blob || blob.length === 0) return [notSaved(dataset)]
  const remedy = inspected.remedy('repair', dataset)
  const drop = (): string => {
    new Storage(db, schema).drop(name, dataset)
    return 'a saved index that cannot be trusted was deleted'
  }
  if (!isHead(blob)) return [checkOriginal(inspected, dataset, blob, drop)]
  const damaged = (why: string): Defect => ({
    ...finding('warning', 'storage', `the saved index cannot be used, and is passed over: ${why}`, {
      dataset,
      remedy,
    }),
    mend: drop,
    rebuild: true,
  })
  let head: SavedHead
  try {
    head = decodeHead(blob)
  } catch (error) {
    return [damaged((error as Error).message)]
  }
  const wrong = wrongHead(inspected, dataset, head) ?? wrongChunk(inspected, dataset, head)
  if (wrong !== undefined) return [damaged(wrong)]
  return checkLoaded(inspected, dataset, counted, head, damaged)
}

function notSaved(dataset: string): Defect {
  return finding('info', 'storage', 'no index is saved: it is built anew when the file is opened', {
    dataset,
  })
}

/** An index of the original: believed by the original without a look, so it must be what the table says. */
function checkOriginal(
  inspected: Inspected,
  dataset: string,
  blob: Uint8Array,
  drop: () => string,
): Defect {
  const { shadow } = inspected.searcher
  const remedy = inspected.remedy('repair', dataset)
  const bad = (op: string): Defect => ({
    ...finding('warning', 'original-index', op, { dataset, remedy }),
    mend: () => {
      drop()
      return 'an index of the original that is not what the table says was deleted'
    },
  })
  try {
    const stored = decodeOriginal(blob)
    const what = ORIGINAL_KINDS[stored.kind]
    const different = disagreement(stored, originalRows(shadow, dataset))
    if (different !== undefined) {
      return bad(
        `the original would answer wrongly from its ${what} in vector_storage: ${different}`,
      )
    }
    if (
      !hasExportTriggers(shadow.db, shadow.schema, shadow.name) &&
      shadow.foreignTriggers().length === 0
    ) {
      return bad(
        `a ${what} of the original agrees with the table, but no trigger deletes it when a row changes`,
      )
    }
    return finding(
      'ok',
      'original-index',
      `a ${what} for the original agrees with the table: ${rows(stored.ids.count)}, ${blob.length} bytes`,
      { dataset },
    )
  } catch (error) {
    return bad(`vector_storage holds what the original cannot use: ${(error as Error).message}`)
  }
}

function wrongHead({ searcher }: Inspected, dataset: string, head: SavedHead): string | undefined {
  if (head.recipe === stampOf(searcher.recipe, searcher.shadow.name, dataset)) return undefined
  return 'it was made for another table, dataset or set of options'
}

/** What is wrong with the chunks that a head names; undefined: all are there, to the bit. */
function wrongChunk({ searcher }: Inspected, dataset: string, head: SavedHead): string | undefined {
  const { db, schema, name } = searcher.shadow
  if (!hasTable(db, schema, CHUNKS)) return `there is no table ${CHUNKS}`
  using statement = db.prepare(
    `SELECT chunk, data FROM ${quoteName(schema)}.${CHUNKS}
     WHERE shadow_table_name = ? AND dataset_id = ? AND section = ? ORDER BY chunk`,
  )
  for (const { name: section, bytes, checksums } of head.sections) {
    let next = 0
    let wrong: string | undefined
    statement.each([storageName(name), dataset, section], row => {
      const chunk = row.number(0)
      const data = row.bytes(1)
      const length = Math.min(CHUNK_BYTES, bytes - chunk * CHUNK_BYTES)
      if (chunk !== next || next === checksums.length) {
        wrong =
          next < checksums.length && chunk > next
            ? `chunk ${next} of ${section} is missing`
            : `${section} has a chunk ${chunk} that its head does not know`
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

/** The saved index as it would be loaded, compared with the table. */
function checkLoaded(
  inspected: Inspected,
  dataset: string,
  counted: Census,
  head: SavedHead,
  damaged: (why: string) => Defect,
): Defect[] {
  const { searcher } = inspected
  const { shadow } = searcher
  const { db, schema, name } = shadow
  if (!shadow.refresh().journaled) {
    return [
      finding('info', 'storage', 'the saved index waits for the journal to be mended', { dataset }),
    ]
  }
  const journal = new Journal(db, schema)
  try {
    const now = journal.head()
    if (typeof now === 'string' || !journal.follows(head.point, now)) {
      return [damaged('the journal has no common past with it')]
    }
    const slice = new Storage(db, schema).load(name, dataset, searcher.recipe)
    if (!slice) return [damaged('its chunks are sound, but make no index')]
    try {
      const changed = journal.changedIds(head.point.seq, name, dataset, Infinity)!
      const found = differenceFindings(
        'the saved index',
        dataset,
        compareIndex(inspected, dataset, counted, slice, changed),
        inspected,
      )
      if (found.length > 0) return found
      const behind =
        changed.length === 0 ? '' : `, ${rows(changed.length)} changed since and looked at again`
      return [
        finding(
          'ok',
          'storage',
          `the saved index is sound and agrees with the table: ${rows(slice.count)}${behind}`,
          { dataset },
        ),
      ]
    } finally {
      slice.dispose()
    }
  } finally {
    journal.dispose()
  }
}
