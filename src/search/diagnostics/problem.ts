import { VecError } from '../../core/errors.ts'
import type { Searcher } from '../query/searcher.ts'
import type { Diagnostic } from './diagnostic.ts'

/** A diagnostic that `repair` may be able to repair. */
export interface Problem extends Diagnostic {
  /** Repairs it inside a transaction, and tells what was done. Absent: only the author of the rows can. */
  readonly repair?: () => string
  /** The index has to be built again afterwards. */
  readonly rebuild?: boolean
}

/** What a check looks at. */
export interface Inspection {
  readonly searcher: Searcher
  /** The statement that carries out an operation on a dataset of this table. */
  fix(this: void, word: string, dataset: string): string
}

/** Whether an error says that the shadow table itself cannot serve. */
export function isShadowError(error: unknown): error is VecError {
  return error instanceof VecError && error.code === 'VEC_SHADOW'
}
