import type { Connection } from '../sqlite/connection.ts'
import { loadEngine, openConnection, prepareFile } from '../sqlite/load-engine.ts'
import type { OpenOptions } from '../sqlite/open-options.ts'
import { registerModule } from '../sqlite/vtab/vtab.ts'
import { registerTableFunctions } from './functions/table-functions.ts'
import { registerTextFunctions } from './functions/text-functions.ts'
import { vecModule } from './vec/vec-table.ts'

const registered = new WeakSet<Connection>()

/**
 * Registers what vec tables need. `register` adds the rest, which a program that loads its code in parts can load
 * later.
 */
export function registerFirst(db: Connection): void {
  if (registered.has(db)) return
  registered.add(db)
  registerTableFunctions(db)
  registerTextFunctions(db)
  registerModule(db, 'vec', vecModule)
}

/** Opens a database after it has loaded the engine, and registers what `register` does. */
export async function openWith(
  register: (db: Connection) => void,
  path: string | Uint8Array,
  options: OpenOptions,
): Promise<Connection> {
  await loadEngine()
  await prepareFile(path, options)
  const db = openConnection(path, options)
  try {
    register(db)
  } catch (error) {
    db.close()
    throw error
  }
  return db
}

/** What SQLite says when it prepares SQL with a function or a virtual table that `register` alone knows. */
const MISSING =
  /\b(?:no such (?:table-valued )?function|no such module|no such table|unknown function): (?:\w+\.)?vec(?:0\b|_)/i

/** Whether a statement may have failed because only `registerFirst` was called. */
export function mayLackRest(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if (MISSING.test(each.message)) return true
  return false
}
