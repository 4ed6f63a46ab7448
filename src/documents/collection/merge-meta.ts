import { VecError } from '../../core/errors.ts'
import type { Database } from '../../database/database.ts'
import { firstRow } from '../../database/query.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { quoteName } from '../../search/schema/names.ts'
import type { Adapt } from '../write-documents.ts'

/**
 * Computes a change from the stored document: members of its metadata are merged (RFC 7396: null removes a member). A
 * document that does not exist is not written. Call it in the transaction of the write.
 */
export function mergeInto(db: Database, shadow: string, dataset: string): Adapt {
  return (table, write) => {
    if (!table.has(dataset, write.id)) return undefined
    const patch = write.fields.meta
    if (typeof patch !== 'string') return write
    const meta = merged(db, shadow, dataset, write.id, patch)
    return { ...write, fields: { ...write.fields, meta } }
  }
}

function merged(db: Database, shadow: string, dataset: string, id: string, patch: string): string {
  const sql = `SELECT CASE WHEN json_valid(coalesce(${COLUMN.meta}, '{}')) AND json_type(coalesce(${COLUMN.meta}, '{}')) = 'object'
      THEN json_patch(coalesce(${COLUMN.meta}, '{}'), ?3) END
    FROM ${quoteName(shadow)} WHERE ${COLUMN.dataset} = ?1 AND ${COLUMN.id} = ?2`
  const text = firstRow(db, sql, [dataset, id, patch], row => row.value(0))
  if (typeof text === 'string') return text
  throw new VecError(
    'VEC_SOURCE',
    `update(): the meta of document '${id}' is stored as something else than a JSON object: a change cannot be merged into it`,
    { hint: 'replace it by upsert(), with the whole metadata' },
  )
}
