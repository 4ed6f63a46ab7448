import { VecError } from '../../core/errors.ts'
import type { Searcher } from '../query/searcher.ts'
import type { Diagnostic } from './diagnostic.ts'

/** A diagnostic with a problem that `repair` may be able to solve. */
export interface Problem extends Diagnostic {
  /** Repairs it inside a transaction, and tells what was done. Absent: only the author of the rows can. */
  readonly repair?: () => string
  /** The index has to be built again afterwards. */
  readonly rebuild?: boolean
}

/** What a check looks at. */
export interface Inspection {
  readonly searcher: Searcher
  readonly foreign: ForeignChecks
  /** The statement that carries out an operation on a dataset of this table. */
  fix(this: void, word: string, dataset: string): string
}

/** Checks of what another program keeps in the same file; see ForeignIndexes. */
interface ForeignChecks {
  /** Of its triggers on the table. */
  triggers(this: void, inspection: Inspection): Problem[]
  /** Of what deletes its indexes when rows change. */
  guards(this: void, inspection: Inspection): Problem[]
  /** Of an index of it: a blob that is not one of our manifests. */
  saved(this: void, inspection: Inspection, dataset: string, blob: Uint8Array): Problem
}

/** Whether an error says that the shadow table itself cannot serve. */
export function isShadowError(error: unknown): error is VecError {
  return error instanceof VecError && error.code === 'VEC_SHADOW'
}
