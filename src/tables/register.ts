import { provideCode } from '../search/late/provide-code.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { OpenOptions } from '../sqlite/open-options.ts'
import { registerModule } from '../sqlite/vtab/vtab.ts'
import { vecEachModule } from './functions/vec-each.ts'
import { registerVectorFunctions } from './functions/vector-functions.ts'
import { openWith, registerFirst } from './register-first.ts'
import { vecAdminModule } from './vec-admin/vec-admin.ts'
import { lateCommands } from './vec/late-command.ts'
import * as commands from './vec/vec-command.ts'
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
  provideCode()
  lateCommands.provide(commands)
  registerVectorFunctions(db)
  registerFirst(db)
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
  const added = (db: Connection): void => {
    if (options.register !== false) register(db)
  }
  return openWith(added, path, options)
}
