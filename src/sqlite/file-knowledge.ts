import type { VecError } from '../core/errors.ts'

/** What a platform knows about files. */
export interface FileKnowledge {
  /** Says more of a failure that has to do with files: what the system said, who holds the lock, what to do. */
  explain(failure: VecError, files: readonly string[]): VecError | undefined
  /** The same for all names of one file; undefined when there is none. */
  identify(path: string): string | undefined
  /** Absolute path, without symbolic links, of a file that exists, looked for in the working directory, then beside another file. */
  locate(path: string, beside: string): string | undefined
  /** Whether such a path is a file or lies in a folder, at any depth, whatever links lead to that. */
  isUnder(path: string, root: string): boolean
  /** Removes a database that is closed, if it is there. */
  remove(path: string): void
}
