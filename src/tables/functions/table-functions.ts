import { VecError } from '../../core/errors.ts'
import type { SqlValue } from '../../database/values.ts'
import { indexCache } from '../../search/memory/index-cache.ts'
import type { Connection } from '../../sqlite/connection.ts'

/** The functions that concern vec tables and their indexes, and not vectors. */
export function registerTableFunctions(db: Connection): void {
  // Replaces SQLite's own function, which does the same but is refused in views when the schema is not trusted. In a
  // view it represents a constraint that a vec table takes.
  db.function('match', { innocuous: true, arity: 2 }, () => {
    throw new VecError('SQLITE_ERROR', 'unable to use function MATCH in the requested context', {
      hint: 'MATCH works on columns of a vec table, with a value that is known before the row: a parameter, a literal, or a column of an outer table',
    })
  })
  // Triggers in the original's files call this function, and writes to them must work. A call has an effect only in a
  // statement that names the function itself; freshness does not need it.
  db.function('vec_invalidate', { innocuous: true }, (shadow, dataset) =>
    NAMES_INVALIDATE.test(db.running?.sql ?? '') ? invalidate(db, shadow, dataset) : 0,
  )
}

const NAMES_INVALIDATE = /\bvec_invalidate["`\]]?\s*\(/i

/** Discards the in-memory indexes of a shadow table ('main._vec_t', '_vec_t' or 't') and a dataset ('' for all). */
function invalidate(db: Connection, shadow: SqlValue, dataset: SqlValue): number {
  if (shadow === null || dataset === null) return 0
  const name = String(shadow)
  const dot = name.indexOf('.')
  const bare = dot < 0 ? name : name.slice(dot + 1)
  const schema = dot < 0 ? 'main' : name.slice(0, dot)
  if (!db.schemas().includes(schema)) return 0
  const tables = bare.startsWith('_vec_') ? [bare] : [bare, `_vec_${bare}`]
  const which = String(dataset) === '' ? undefined : String(dataset)
  const key = db.fileKey(schema)
  return tables.reduce((sum, table) => sum + indexCache.forget(key, table, which), 0)
}
