import { argumentError } from '../core/argument-error.ts'
import type { Database } from './database.ts'

/** Checks a database from a caller. A Promise of one is the usual mistake. */
export function requireDatabase(where: string, db: unknown): asserts db is Database {
  const { prepare, transaction, schemas } = (db ?? {}) as Record<string, unknown>
  if ([prepare, transaction, schemas].every(member => typeof member === 'function')) return
  throw argumentError(where, 'db', db, 'a Database, as open() returns it')
}
