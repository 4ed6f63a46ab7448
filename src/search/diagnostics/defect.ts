import { VecError } from '../../core/errors.ts'
import type { Searcher } from '../query/search.ts'
import type { Finding } from './finding.ts'

/** A finding that `repair` may be able to mend. */
export interface Defect extends Finding {
  /** Mends it inside a transaction; says what was done. Absent: it cannot be mended without its author. */
  readonly mend?: () => string
  /** The index has to be built anew afterwards. */
  readonly rebuild?: boolean
}

/** What a check looks at. */
export interface Inspected {
  readonly searcher: Searcher
  /** The statement that carries out an operation on a dataset of this table. */
  remedy(this: void, word: string, dataset: string): string
}

/** Whether an error says that the shadow table itself cannot serve. */
export function isShadowError(error: unknown): error is VecError {
  return error instanceof VecError && error.code === 'VEC_SHADOW'
}
