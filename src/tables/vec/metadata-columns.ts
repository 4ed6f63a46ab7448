import { VecError } from '../../core/errors.ts'
import {
  isReservedColumn,
  isShadowColumn,
  type SqlType,
  type StoredColumn,
} from '../../search/schema/table-schema.ts'

const TYPES: Readonly<Record<string, SqlType>> = {
  TEXT: 'TEXT',
  INTEGER: 'INTEGER',
  INT: 'INTEGER',
  REAL: 'REAL',
}
const DECLARATION = /^\s*(?:"((?:[^"]|"")+)"|([A-Za-z_]\w*))\s+([A-Za-z]+)\s*$/
/** Names of the rowid. */
const ROWID: ReadonlySet<string> = new Set(['rowid', '_rowid_', 'oid'])

/** An argument of USING vec(...) of the form `name TYPE`; undefined for any other. Throws VEC_OPTION for a name or type that cannot be. */
export function metadataColumn(arg: string, taken: readonly string[]): StoredColumn | undefined {
  const match = DECLARATION.exec(arg)
  if (!match) return undefined
  const [, quoted, bare, word] = match
  const name = quoted?.replaceAll('""', '"') ?? bare
  const type = TYPES[word.toUpperCase()]
  if (type === undefined) {
    throw refused(
      `vec: the column ${name} cannot be of type ${word}`,
      `expected one of ${Object.keys(TYPES).join(', ')}`,
    )
  }
  const lower = name.toLowerCase()
  const known = isReservedColumn(name) || isShadowColumn(name) || ROWID.has(lower)
  if (known || taken.some(other => other.toLowerCase() === lower)) {
    throw refused(
      `vec: a metadata column cannot be called ${name}: the table has a column of that name`,
      'choose another name',
    )
  }
  return { role: 'metadata', stored: name, type, watched: true }
}

function refused(message: string, hint: string): VecError {
  return new VecError('VEC_OPTION', message, { hint })
}
