import { SQLITE_OK, SQLITE_ROW } from '../result-codes.ts'
import type { Pointer, Sqlite } from '../wasm/wasm.ts'

const FCNTL_FILE_POINTER = 7

/**
 * Why `PRAGMA name = value` cannot be obeyed on a file without shared memory; undefined when it can. SQLite itself
 * would keep the journal mode, and say so only in the result row.
 */
export function walRefusal(
  sqlite: Sqlite,
  db: Pointer,
  pFile: Pointer,
  pragma: { readonly name: string; readonly value: string },
): string | undefined {
  if (pragma.name.toLowerCase() !== 'journal_mode' || pragma.value.toLowerCase() !== 'wal') return
  const schema = schemaOf(sqlite, db, pFile)
  if (schema === undefined || lockingMode(sqlite, db, schema) === 'exclusive') return
  return 'WAL needs memory shared between connections, which requires Linux and the package koffi: npm install koffi, or run PRAGMA locking_mode = EXCLUSIVE first, to use the file with this connection only'
}

/** The schema whose file is `pFile`. */
function schemaOf(sqlite: Sqlite, db: Pointer, pFile: Pointer): string | undefined {
  const out = sqlite.alloc(4)
  try {
    for (let n = 0; ; n++) {
      const name = sqlite.raw.sqlite3_db_name(db, n)
      if (name === 0) return undefined
      const code = sqlite.raw.sqlite3_file_control(db, name, FCNTL_FILE_POINTER, out)
      if (code === SQLITE_OK && sqlite.peek32(out) === pFile) return sqlite.readCString(name)
    }
  } finally {
    sqlite.free(out)
  }
}

function lockingMode(sqlite: Sqlite, db: Pointer, schema: string): string {
  const { raw } = sqlite
  const sql = sqlite.ownedCString(`PRAGMA "${schema.replaceAll('"', '""')}".locking_mode`)
  const out = sqlite.alloc(4)
  try {
    if (raw.sqlite3_prepare_v3(db, sql, -1, 0, out, 0) !== SQLITE_OK) return ''
    const statement = sqlite.peek32(out)
    try {
      if (raw.sqlite3_step(statement) !== SQLITE_ROW) return ''
      return sqlite.readCString(raw.sqlite3_column_text(statement, 0))
    } finally {
      raw.sqlite3_finalize(statement)
    }
  } finally {
    sqlite.free(sql)
    sqlite.free(out)
  }
}
