import { VecError } from '../../core/errors.ts'
import { COLUMN } from '../schema/columns.ts'
import { quoteName, textTableName } from '../schema/names.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { TextSpec } from '../schema/text-spec.ts'
import { hasText } from './has-text.ts'
import { documentsName } from './text-layout.ts'
import { TextTables } from './text-tables.ts'

/** Any specification will do: the names of the tables do not depend on it. */
const SOME: TextSpec = { columns: [COLUMN.content], tokenizer: 'unicode61' }

/** Creates the tables of a text index, empty. The first text search fills them. */
export function installText(shadow: ShadowTable, spec: TextSpec): void {
  const tables = new TextTables(shadow, spec, 'file')
  if (hasText(shadow) && !tables.isInstalled) {
    // SQLite cannot drop a table while a statement runs, as CREATE VIRTUAL TABLE does here.
    const name = textTableName(shadow.name)
    const inSchema = quoteName(shadow.schema)
    throw new VecError(
      'VEC_SHADOW',
      `vec: ${name} already exists, for other texts or of another version`,
      {
        hint: `DROP TABLE ${inSchema}.${quoteName(name)}; DROP TABLE IF EXISTS ${inSchema}.${quoteName(documentsName(name))}`,
      },
    )
  }
  tables.install()
  shadow.distrust()
}

/** Whether a table has the tables of its text index. */
export function isTextInstalled(shadow: ShadowTable, spec: TextSpec): boolean {
  return new TextTables(shadow, spec, 'file').isInstalled
}

/** Drops the tables of a text index, whatever its specification, inside DROP TABLE of the vec table. */
export function dropText(shadow: ShadowTable): void {
  new TextTables(shadow, SOME, 'file').drop()
}

/** Moves the tables of a text index to a table of another name. The first text search fills them. */
export function renameText(from: ShadowTable, to: ShadowTable): void {
  new TextTables(from, SOME, 'file').rename(textTableName(to.name))
}
