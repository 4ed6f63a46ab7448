import type { FileKnowledge } from '../file-knowledge.ts'
import type { OpenOptions } from '../open-options.ts'

/** How files are locked in this process, and why. */
export interface LockSupport {
  /**
   * 'ofd': byte ranges, which native programs see; 'directory': a directory beside the file; 'none': there are no
   * files.
   */
  readonly kind: 'ofd' | 'directory' | 'none'
  readonly reason: string
}

/** The facts in the first 100 bytes of a database; 'empty' also for a missing file. */
export type DatabaseHeader =
  | {
      readonly journalMode: 'wal' | 'delete'
      readonly encoding: 'UTF-8' | 'UTF-16le' | 'UTF-16be'
    }
  | 'empty'
  | 'not-a-database'

/**
 * How a runtime reaches files. Each folder beside this file is one platform: a module with `createPlatform(sqlite)`,
 * which registers its file system. `imports` in package.json names the platform that a runtime loads as `#platform`.
 */
export interface Platform extends FileKnowledge {
  /** The name of the platform's file system in SQLite. */
  readonly vfs: string
  lockSupport(): LockSupport
  /** Prepares a file before it is opened, where that takes time: browsers return their files by Promises. */
  prepare?(path: string, create: boolean): Promise<void>
  /** Throws where SQLite would fail with a less helpful message. */
  check(path: string, options: OpenOptions): void
  /** The same, once SQLite has opened the file. */
  checkOpened(path: string, options: OpenOptions): void
  /** Throws the system's error for a file that cannot be read. Safe beside native SQLite in the same process. */
  readHeader(path: string): DatabaseHeader
}
