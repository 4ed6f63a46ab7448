import type { FileIdentity, FileLock } from './file-locks.ts'

/** A file SQLite has open. */
export interface OpenFile {
  readonly fd: number
  readonly path: string
  /** Of a database file only: nothing else is ever locked. */
  readonly database: { readonly lock: FileLock; readonly identity: FileIdentity } | undefined
  /** Its name is not yet safely in the folder. */
  unsyncedName: boolean
  /** To remove when closed, where an open file cannot be removed. */
  readonly removeOnClose: boolean
  /** Whether the WAL stays when the last connection closes. */
  persistWal: boolean
}
