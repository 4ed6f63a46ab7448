import { VecError } from '../core/errors.ts'
import type { DatabaseHandle } from './handle.ts'
import type { Pointer, Sqlite } from './wasm/wasm.ts'

const FREE_ON_CLOSE = 1
const RESIZEABLE = 2
const READONLY = 4

/**
 * Bytes 18 and 19 of a database: the versions for writing and reading the format. 1 is a rollback journal, 2 is WAL.
 */
const VERSIONS_AT = 18

/** The bytes of a database, as in its file, with the uncommitted changes of this connection. */
export function serialize(db: DatabaseHandle, schema: string): Uint8Array {
  const { sqlite, pointer } = db
  const name = sqlite.ownedCString(schema)
  const size = sqlite.alloc(8)
  try {
    sqlite.poke64(size, 0n)
    const p = sqlite.raw.sqlite3_serialize(pointer, name, size, 0)
    const bytes = Number(sqlite.view.getBigInt64(size, true))
    if (p === 0 && bytes === 0) return new Uint8Array(0)
    if (p === 0) {
      throw new VecError('SQLITE_NOMEM', `the database ${schema} could not be serialized`, {
        hint: 'it does not fit into the memory of WebAssembly: use backup() or VACUUM INTO',
      })
    }
    const copy = sqlite.copyBytes(p, bytes)
    sqlite.free(p)
    return copy
  } finally {
    sqlite.free(name)
    sqlite.free(size)
  }
}

/** Replaces `main`, which must be in memory, by a database of these bytes. Returns SQLite's result code. */
export function deserialize(
  sqlite: Sqlite,
  db: Pointer,
  bytes: Uint8Array,
  readonly: boolean,
): number {
  const { length } = bytes
  const p = length === 0 ? 0 : sqlite.alloc(length)
  sqlite.u8.set(bytes, p)
  // A database in memory cannot have a WAL, and these bytes do not contain the file's WAL.
  if (length > VERSIONS_AT + 1 && bytes[VERSIONS_AT] === 2) {
    sqlite.u8.fill(1, p + VERSIONS_AT, p + VERSIONS_AT + 2)
  }
  const flags = FREE_ON_CLOSE | RESIZEABLE | (readonly ? READONLY : 0)
  const size = BigInt(length)
  const main = sqlite.ownedCString('main')
  const code = sqlite.raw.sqlite3_deserialize(db, main, p, size, size, flags)
  sqlite.free(main)
  return code
}
