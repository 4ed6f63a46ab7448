import { VecError } from '../../core/errors.ts'
import type { Searcher } from '../query/searcher.ts'
import type { Diagnostic } from './diagnostic.ts'

/** A diagnostic that `repair` may be able to fix. */
export interface Problem extends Diagnostic {
  /** Repairs the problem inside a transaction, and returns what it did. Absent: only the author of the rows can. */
  readonly repair?: () => string
  /** Whether the index has to be built again afterwards. */
  readonly rebuild?: boolean
}

/** The input of a check. */
export interface Inspection {
  readonly searcher: Searcher
  readonly foreign: ForeignChecks
  /** The statement that runs an operation on a dataset of this table. */
  fix(this: void, word: string, dataset: string): string
}

/** Checks of another program's data in the same file; see ForeignIndexes. */
interface ForeignChecks {
  /** Checks its triggers on the table. */
  triggers(this: void, inspection: Inspection): Problem[]
  /** Checks the triggers that delete its indexes when rows change. */
  guards(this: void, inspection: Inspection): Problem[]
  /** Checks an index of that program: a blob that is not one of our manifests. */
  saved(this: void, inspection: Inspection, dataset: string, blob: Uint8Array): Problem
}

/** Whether an error reports a missing or unsuitable shadow table. */
export function isShadowError(error: unknown): error is VecError {
  return error instanceof VecError && error.code === 'VEC_SHADOW'
}
