import type { VecError } from '../core/errors.ts'

/** What a platform knows about files. */
export interface FileKnowledge {
  /** Explains a failure that involves files: the system's message, who holds the lock, what to do. */
  explain(failure: VecError, files: readonly string[]): VecError | undefined
  /** A key of the file, equal for all of its names. Undefined when the file does not exist. */
  identify(path: string): string | undefined
  /**
   * Absolute path, without symbolic links, of an existing file. It is looked up in the working directory, then beside
   * another file.
   */
  locate(path: string, beside: string): string | undefined
  /** Whether the path is `root` itself or lies in the folder `root`, at any depth. Symbolic links are resolved. */
  isUnder(path: string, root: string): boolean
  /** Removes a closed database, if the file exists. */
  remove(path: string): void
}
