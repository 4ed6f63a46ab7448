import { lateSearch } from '#late-search'
import { isSameType, typeArguments, type EmbeddingType } from '../../core/embedding-type.ts'
import { VecError } from '../../core/errors.ts'
import type { Database } from '../../database/database.ts'
import { firstRow } from '../../database/query.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { lowerCase } from '../../search/schema/document-columns.ts'
import { createStatement, shadowTable } from '../../search/schema/layout.ts'
import { quoteName, shadowTableName } from '../../search/schema/names.ts'
import { ShadowTable } from '../../search/schema/shadow-table.ts'
import { originalIndexes } from '../../viant/export/original-indexes.ts'
import type { VecOptions } from './vec-options.ts'

type InstalledOptions = Pick<VecOptions, 'includeArchived' | 'metadata' | 'text' | 'type'>

/**
 * Creates what a vec table of a name and declaration stores, as far as it is missing: the table of its documents with
 * the declared columns, the text index and the journal. Call it in a transaction, or in a statement that writes.
 */
export function installTable(
  db: Database,
  schema: string,
  table: string,
  options: InstalledOptions,
): void {
  const name = shadowTableName(table)
  if (!isOrdinary(db, schema, name))
    db.exec(createStatement(schema, shadowTable(name, options.metadata, options.type)))
  const shadow = new ShadowTable(db, schema, name, options.includeArchived, originalIndexes)
  try {
    requireUnique(shadow)
    requireType(shadow, options.type)
    shadow.addColumns(options.metadata)
    if (options.text) lateSearch.needed.installText(shadow, options.text)
    shadow.installHere()
  } finally {
    shadow.dispose()
  }
}

/** Whether there is all that `installTable` creates. */
export function isTableInstalled(
  db: Database,
  schema: string,
  table: string,
  { includeArchived, metadata, text, type }: InstalledOptions,
): boolean {
  const name = shadowTableName(table)
  const shadow = new ShadowTable(db, schema, name, includeArchived, originalIndexes)
  try {
    const shape = shadow.refresh()
    const { unique, filterable, columns } = shape
    return (
      unique &&
      isSameType(shape.type, type) &&
      filterable &&
      metadata.every(({ stored }) => columns.has(lowerCase(stored))) &&
      (!text || lateSearch.needed.isTextInstalled(shadow, text))
    )
  } finally {
    shadow.dispose()
  }
}

/** Whether the table exists. Throws VEC_SHADOW for a view or virtual table of that name. */
function isOrdinary(db: Database, schema: string, name: string): boolean {
  const sql = 'SELECT type FROM pragma_table_list WHERE schema = ? AND name = ?'
  const found = firstRow(db, sql, [schema, name], row => row.text(0))
  if (found === undefined || found === 'table') return found !== undefined
  throw new VecError('VEC_SHADOW', `vec: ${schema}.${name} is a ${found}, not an ordinary table`, {
    hint: 'the documents of a vec table are stored in an ordinary table: rename the existing object',
  })
}

/** Embeddings of another type would be read as other numbers. */
function requireType({ schema, name, shape }: ShadowTable, wanted: EmbeddingType): void {
  if (isSameType(shape.type, wanted)) return
  const stored = typeArguments(shape.type)
  throw new VecError(
    'VEC_OPTION',
    `vec: ${schema}.${name} exists, and stores embeddings as ${shape.type.declared}: type=${wanted.name} needs ${wanted.declared}`,
    {
      hint:
        stored === ''
          ? 'omit type, or rename that table, and insert its documents into the new one'
          : `declare ${stored}, or rename that table, and insert its documents into the new one`,
    },
  )
}

function requireUnique(shadow: ShadowTable): void {
  if (shadow.refresh().unique) return
  throw new VecError(
    'VEC_SHADOW',
    `vec: the shadow table ${shadow.schema}.${shadow.name} must have PRIMARY KEY (dataset_id, id) or a unique index on them`,
    {
      hint: `CREATE UNIQUE INDEX ... ON ${quoteName(shadow.name)}(${COLUMN.dataset}, ${COLUMN.id})`,
    },
  )
}
