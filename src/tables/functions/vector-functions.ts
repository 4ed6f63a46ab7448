import { argumentError } from '../../core/argument-error.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { registerSubtypeFunction } from '../../sqlite/functions.ts'
import { givenValue } from './given-vector.ts'
import { MEASURES } from './measures.ts'
import { registerSqliteVecFunctions } from './sqlite-vec-functions.ts'
import { registerTableFunctions } from './table-functions.ts'
import { vecContains } from './vec-contains.ts'

/** The SQL functions of the original, and those of sqlite-vec. */
export function registerVectorFunctions(db: Connection): void {
  if (typeof (db as Connection | undefined)?.function !== 'function') {
    throw argumentError('registerVectorFunctions()', 'db', db, 'a Connection, as open() returns it')
  }
  // These functions only compute from their arguments, so a file may use them in views, triggers, CHECKs and indexes.
  const pure = { deterministic: true, innocuous: true }
  const measure = { ...pure, arity: 2, real: true, readsSubtypes: true }
  for (const [name, fn] of Object.entries(MEASURES)) {
    registerSubtypeFunction(db, name, measure, (a, b) => fn(givenValue(a), givenValue(b)))
  }
  db.function('vec_contains', { ...pure, arity: 2 }, vecContains)
  registerSqliteVecFunctions(db)
  registerTableFunctions(db)
}
