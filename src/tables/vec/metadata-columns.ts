import { VecError } from '../../core/errors.ts'
import { quoteText } from '../../search/schema/names.ts'
import {
  isReservedColumn,
  isShadowColumn,
  SHADOW,
  type StoredColumn,
} from '../../search/schema/table-schema.ts'

const TYPES: Readonly<Record<string, Pick<StoredColumn, 'type' | 'json'>>> = {
  TEXT: { type: 'TEXT' },
  INTEGER: { type: 'INTEGER' },
  INT: { type: 'INTEGER' },
  REAL: { type: 'REAL' },
  JSON: { type: 'TEXT', json: true },
}
const DECLARATION =
  /^\s*(?:"((?:[^"]|"")+)"|([A-Za-z_]\w*))\s+([A-Za-z]+)(?:\s+FROM\s+'((?:[^']|'')*)')?\s*$/i
/** A path that json_extract() accepts for any JSON. */
const PATH = /^\$(?:\.(?:[A-Za-z_]\w*|"[^"\\]+")|\[(?:#-)?\d+\])+$/
/** Names of the rowid. */
const ROWID: ReadonlySet<string> = new Set(['rowid', '_rowid_', 'oid'])

/**
 * Parses an argument of USING vec(...) of the form `name TYPE` or `name TYPE FROM '$.path'`; undefined for any other
 * form. Throws VEC_OPTION for an invalid name, type or path.
 */
export function metadataColumn(arg: string, taken: readonly string[]): StoredColumn | undefined {
  const match = DECLARATION.exec(arg)
  if (!match) return undefined
  const [, quoted, bare, word, path] = match
  const name = quoted?.replaceAll('""', '"') ?? bare
  const upper = word.toUpperCase()
  if (!Object.hasOwn(TYPES, upper)) {
    throw refused(
      `vec: the column ${name} cannot be of type ${word}`,
      `expected one of ${Object.keys(TYPES).join(', ')}`,
    )
  }
  const lower = name.toLowerCase()
  const known = isReservedColumn(name) || isShadowColumn(name) || ROWID.has(lower)
  if (known || taken.some(other => other.toLowerCase() === lower)) {
    throw refused(
      `vec: a metadata column cannot be called ${name}: the table already has a column with that name`,
      'choose another name',
    )
  }
  const column: StoredColumn = { role: 'metadata', stored: name, ...TYPES[upper], watched: true }
  if (path === undefined) return column
  const from = path.replaceAll("''", "'")
  if (PATH.test(from)) return { ...column, from, constraint: readFrom(from) }
  throw refused(
    `vec: the column ${name} cannot be read from '${from}': expected a path in meta`,
    `write ${name} ${upper} FROM '$.name', '$.name.inner' or '$.list[0]'`,
  )
}

/** SQLite computes the column on each read, so it is right whatever program writes `meta`. */
function readFrom(path: string): string {
  const { stored } = SHADOW.meta
  return `GENERATED ALWAYS AS (CASE WHEN json_valid(${stored}) THEN json_extract(${stored}, ${quoteText(path)}) END) VIRTUAL`
}

/**
 * The field of `meta` from which a column is read, in the filter language; undefined for a path that a filter cannot
 * name.
 */
export function fieldOf({ from }: StoredColumn): string | undefined {
  return from !== undefined && /^(?:\$|\$(?:\.\w+)+)$/.test(from) ? from.slice(2) : undefined
}

function refused(message: string, hint: string): VecError {
  return new VecError('VEC_OPTION', message, { hint })
}
