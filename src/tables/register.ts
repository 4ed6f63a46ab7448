import type { Connection } from '../sqlite/connection.ts'
import { loadEngine, openConnection, prepareFile } from '../sqlite/load-engine.ts'
import type { OpenOptions } from '../sqlite/open-options.ts'
import { registerModule } from '../sqlite/vtab/vtab.ts'
import { registerTextFunctions } from './functions/text-functions.ts'
import { vecEachModule } from './functions/vec-each.ts'
import { registerVectorFunctions } from './functions/vector-functions.ts'
import { vecAdminModule } from './vec-admin/vec-admin.ts'
import { vecModule } from './vec/vec-table.ts'
import { vec0Module } from './vec0/vec0-module.ts'

const registered = new WeakSet<Connection>()

/**
 * Registers the `vec`, `vec_each` and `vec_admin` modules and the vector functions on a connection. A second call
 * does nothing.
 *
 *     const db = openConnection('docs.sqlite')
 *     register(db)
 */
export function register(db: Connection): void {
  if (registered.has(db)) return
  registered.add(db)
  registerVectorFunctions(db)
  registerTextFunctions(db)
  registerModule(db, 'vec', vecModule)
  registerModule(db, 'vec_each', vecEachModule)
  registerModule(db, 'vec0', vec0Module)
  registerModule(db, 'vec_admin', vecAdminModule(register))
}

/**
 * Opens a database: a path, a file: URI, ':memory:', or the bytes of a database, which stay in memory. All methods of
 * the connection are synchronous. Registers the vec table, vec_admin and the vector functions unless `register` is
 * false.
 *
 *     const db = await open('docs.sqlite')
 *     db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
 */
export async function open(
  path: string | Uint8Array,
  options: OpenOptions & { readonly register?: boolean } = {},
): Promise<Connection> {
  await loadEngine()
  await prepareFile(path, options)
  const db = openConnection(path, options)
  try {
    if (options.register !== false) register(db)
  } catch (error) {
    db.close()
    throw error
  }
  return db
}
