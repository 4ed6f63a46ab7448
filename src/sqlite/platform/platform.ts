import type { FileKnowledge } from '../file-knowledge.ts'
import type { OpenOptions } from '../open-options.ts'

/** How files are locked in this process, and why so. */
export interface LockSupport {
  /**
   * 'ofd': byte ranges, which native programs see; 'directory': a directory beside the file; 'none': there are no
   * files.
   */
  readonly kind: 'ofd' | 'directory' | 'none'
  readonly reason: string
}

/** What the first 100 bytes of a database say; 'empty' also for a missing file. */
export type DatabaseHeader =
  | {
      readonly journalMode: 'wal' | 'delete'
      readonly encoding: 'UTF-8' | 'UTF-16le' | 'UTF-16be'
    }
  | 'empty'
  | 'not-a-database'

/**
 * How files are reached here. Each folder beside this file is one platform: a module with `createPlatform(sqlite)`, which
 * registers its file system. `imports` in package.json names the one that a runtime loads as `#platform`.
 */
export interface Platform extends FileKnowledge {
  /** Name of its file system for SQLite. */
  readonly vfs: string
  lockSupport(): LockSupport
  /** What a file needs before it is opened, where that takes time: the files of a browser are got by Promises. */
  prepare?(path: string, create: boolean): Promise<void>
  /** Refuses what SQLite would fail on with less to say. */
  check(path: string, options: OpenOptions): void
  /** The same once SQLite has the file open. */
  checkOpened(path: string, options: OpenOptions): void
  /** Throws the system's error for a file that cannot be read. Safe beside native SQLite in the same process. */
  readHeader(path: string): DatabaseHeader
}
