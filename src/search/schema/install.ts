import { VecError } from '../../core/errors.ts'
import { isInTransaction, isReadonly } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'

/**
 * Installs what a table lacks of its journal and indexes, unless that has to wait: a transaction of the caller would
 * hold its lock until it ends, and a file may be locked or read-only. Searches then read the table itself, and a later
 * search installs what is missing. Throws VEC_SHADOW for tables of other programs in the way.
 */
export function installIfPossible(db: Database, schema: string, install: () => void): void {
  if (isReadonly(db, schema) || isInTransaction(db)) return
  try {
    install()
  } catch (error) {
    if (error instanceof VecError && error.code.startsWith('VEC_')) throw error
  }
}
