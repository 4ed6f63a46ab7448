import type { OpenOptions } from '../sqlite/open-options.ts'
import { openWith, registerFirst } from '../tables/register-first.ts'
import { DatabaseServer, type ServeCollections } from './database-server.ts'
import { LateParts } from './late-parts.ts'

/** Opens a database, and loads the code that only some calls need when they need it. */
export async function openInParts(
  path: string | Uint8Array,
  options: OpenOptions,
  serveCollections?: ServeCollections,
): Promise<DatabaseServer> {
  const db = await openWith(registerFirst, path, options)
  return new DatabaseServer(db, serveCollections, new LateParts(db))
}
