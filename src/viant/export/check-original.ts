import { rows } from '../../core/row-sample.ts'
import { diagnostic } from '../../search/diagnostics/diagnostic.ts'
import type { Inspection, Problem } from '../../search/diagnostics/problem.ts'
import { IndexStore } from '../../search/persistence/index-store.ts'
import { decodeOriginal } from '../formats/decode-original.ts'
import { exportTriggers, hasExportTriggers, hasOriginalIndex } from './export-triggers.ts'
import { disagreement, ORIGINAL_KINDS, originalRows } from './original-rows.ts'

/** Checks what the original stores in a file. */
export const originalChecks: Inspection['foreign'] = {
  triggers: checkTriggers,
  guards: checkExportTriggers,
  saved: checkOriginal,
}

/** Finds triggers that call a function of the original, which other programs do not have. */
function checkTriggers({ searcher, fix }: Inspection): Problem[] {
  const { shadow } = searcher
  const triggers = shadow.foreign.triggers(shadow).join(', ')
  if (triggers === '') return []
  return [
    {
      ...diagnostic(
        'warning',
        'triggers',
        `triggers of the original call a function that other programs lack, so those cannot write to the table: ${triggers}`,
        { fix: fix('repair', '') },
      ),
      repair: () => {
        shadow.installHere()
        return `triggers of the original replaced: ${triggers}`
      },
      rebuild: true,
    },
  ]
}

/**
 * Checks the triggers that guard an index written for the original. All of them exist while there is such an index,
 * and none otherwise.
 */
function checkExportTriggers({ searcher, fix }: Inspection): Problem[] {
  const { shadow } = searcher
  const { db, schema, name } = shadow
  const there = exportTriggers(name)
    .map(trigger => trigger.name)
    .filter(trigger => shadow.storedSql(trigger) !== undefined)
    .join(', ')
  if (there === '') return []
  const problem = (severity: 'info' | 'warning', op: string, done: string): Problem[] => [
    {
      ...diagnostic(severity, 'triggers', op, { fix: fix('repair', '') }),
      repair: () => {
        shadow.foreign.drop(shadow)
        return done
      },
    },
  ]
  if (!hasOriginalIndex(db, schema, name)) {
    const gone = 'triggers of an index for the original that no longer exists'
    return problem('info', `${gone}: ${there}`, `${gone}: deleted`)
  }
  if (hasExportTriggers(db, schema, name)) return []
  return problem(
    'warning',
    `the triggers that delete indexes of the original when rows change are incomplete: ${there}`,
    'indexes for the original and the rest of their triggers deleted: export them again',
  )
}

/** Checks an index of the original. The original trusts it without a check, so it must match the table. */
function checkOriginal(inspection: Inspection, dataset: string, blob: Uint8Array): Problem {
  const { shadow } = inspection.searcher
  const { db, schema, name } = shadow
  const bad = (op: string): Problem => ({
    ...diagnostic('warning', 'original-index', op, {
      dataset,
      fix: inspection.fix('repair', dataset),
    }),
    repair: () => {
      new IndexStore(db, schema).drop(name, dataset)
      return 'an index of the original that did not match the table was deleted'
    },
  })
  try {
    const stored = decodeOriginal(blob)
    const what = ORIGINAL_KINDS[stored.kind]
    const different = disagreement(stored, originalRows(shadow, dataset))
    if (different !== undefined) {
      return bad(
        `the original would return wrong results from its ${what} in vector_storage: ${different}`,
      )
    }
    if (!hasExportTriggers(db, schema, name) && shadow.foreign.triggers(shadow).length === 0) {
      return bad(
        `a ${what} of the original agrees with the table, but a trigger to delete it when a row changes is missing`,
      )
    }
    return diagnostic(
      'ok',
      'original-index',
      `a ${what} for the original agrees with the table: ${rows(stored.ids.count)}, ${blob.length} bytes`,
      { dataset },
    )
  } catch (error) {
    return bad(
      `vector_storage contains data that the original cannot use: ${(error as Error).message}`,
    )
  }
}
