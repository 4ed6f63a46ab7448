import { openNative as open, type NativeOptions } from '../native-sqlite.ts'

/** The same SQLite as native code. */
export interface NativeDatabase {
  exec(sql: string): void
  /** Rows, columns joined by `|` as the sqlite3 shell does. */
  all(sql: string): string[]
  close(): void
}

export function openNative(path: string, options?: NativeOptions): NativeDatabase {
  const db = open(path, options)
  return {
    exec: sql => db.exec(sql),
    all: sql =>
      db
        .prepare(sql)
        .rows()
        .map(row => row.join('|')),
    close: () => db.close(),
  }
}
