import { COLUMN } from '../../search/schema/columns.ts'
import type { SchemaObject } from '../../search/schema/layout.ts'
import { quoteName, quoteText } from '../../search/schema/names.ts'

/** One row for each dataset that has vectors of another model beside those in use. */
export const MIGRATIONS = 'vec_migrations'
/** Those vectors. A row exists exactly as long as its vector belongs to the document's current content. */
export const BESIDE = 'vec_migration_vectors'

export const MIGRATION_TABLES: readonly SchemaObject[] = [
  {
    type: 'table',
    name: MIGRATIONS,
    body: `(
  shadow_table TEXT NOT NULL,
  ${COLUMN.dataset} TEXT NOT NULL,
  model TEXT,
  dim INTEGER,
  switched INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (shadow_table, ${COLUMN.dataset})
)`,
  },
  {
    type: 'table',
    name: BESIDE,
    body: `(
  shadow_table TEXT NOT NULL,
  ${COLUMN.dataset} TEXT NOT NULL,
  ${COLUMN.id} TEXT NOT NULL,
  ${COLUMN.embedding} BLOB NOT NULL,
  ${COLUMN.model} TEXT,
  PRIMARY KEY (shadow_table, ${COLUMN.dataset}, ${COLUMN.id})
)`,
  },
]

/**
 * Triggers on a shadow table, in plain SQL, so that any program fires them. Writing a document deletes its vector
 * beside, which belongs to an older content. REPLACE deletes without a trigger, but inserts with one.
 */
export function migrationTriggers(shadow: string): SchemaObject[] {
  const forget = (row: 'OLD' | 'NEW'): string =>
    `DELETE FROM ${BESIDE} WHERE shadow_table = ${quoteText(shadow)} AND ${COLUMN.dataset} = ${row}.${COLUMN.dataset} AND ${COLUMN.id} = ${row}.${COLUMN.id};`
  const changed = [COLUMN.content, COLUMN.dataset, COLUMN.id]
    .map(column => `OLD.${column} COLLATE BINARY IS NOT NEW.${column}`)
    .join(' OR ')
  const on = `ON ${quoteName(shadow)}`
  const trigger = (event: string, body: string): SchemaObject => ({
    type: 'trigger',
    name: `vec_migration_${shadow}_${event}`,
    body,
  })
  return [
    trigger('inserted', `AFTER INSERT ${on} BEGIN ${forget('NEW')} END`),
    trigger('deleted', `AFTER DELETE ${on} BEGIN ${forget('OLD')} END`),
    trigger(
      'updated',
      `AFTER UPDATE ${on} WHEN ${changed} BEGIN ${forget('OLD')} ${forget('NEW')} END`,
    ),
  ]
}
