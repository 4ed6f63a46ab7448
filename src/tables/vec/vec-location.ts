import { VecError } from '../../core/errors.ts'
import { allowDbpathOf, isAllowedFile } from '../../sqlite/allowed-files.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { openConnection } from '../../sqlite/load-engine.ts'

/** The location of a shadow table: a schema of a connection. */
export interface Location {
  readonly db: Connection
  readonly schema: string
}

/** Connections to files that are not attached, one per file, closed with the connection that requested them. */
const others = new WeakMap<Connection, Map<string, Connection>>()

/** A database from another source may name any file of this machine, so only the application can allow files. */
function notAllowed(dbpath: string, path: string): VecError {
  return new VecError(
    'VEC_OPTION',
    `vec: dbpath '${dbpath}' names the file ${path}, which is neither this database nor attached to it`,
    {
      hint: 'ATTACH that file, or allow its folder: open(path, { allowDbpath: folder })',
    },
  )
}

/**
 * Finds the database that a `dbpath` names: a schema of this connection if one of them is that file, so that searches
 * see this connection's transaction. Otherwise, the file is opened through another connection.
 */
export function locate(db: Connection, schema: string, dbpath: string | undefined): Location {
  if (dbpath === undefined) return { db, schema }
  const path = db.locate(dbpath)
  if (path === undefined) {
    throw new VecError(
      'VEC_OPTION',
      `vec: dbpath '${dbpath}' does not exist: expected the path of a database file, relative to the working directory or to the folder of this database`,
      {
        hint: 'create the file first, correct dbpath, or omit it to use the file of the vec table',
      },
    )
  }
  const key = db.keyOfFile(path)
  const own = [schema, ...db.schemas()].find(name => db.fileKey(name) === key)
  if (own !== undefined) return { db, schema: own }
  if (!isAllowedFile(db, path)) throw notAllowed(dbpath, path)
  return { db: connectionTo(db, path, key ?? path), schema: 'main' }
}

function connectionTo(db: Connection, path: string, key: string): Connection {
  let known = others.get(db)
  if (!known) others.set(db, (known = new Map()))
  let other = known.get(key)
  if (!other?.open) {
    other = openConnection(path, {
      create: false,
      readonly: db.readonly,
      busyTimeout: db.busyTimeout,
      allowDbpath: allowDbpathOf(db),
    })
    known.set(key, other)
    const opened = other
    db.onClose(() => opened.close())
  }
  return other
}
