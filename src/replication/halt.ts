import { VecError, type HaltCode } from '../core/errors.ts'

export type { HaltCode } from '../core/errors.ts'

const CODES: ReadonlySet<string> = new Set<HaltCode>([
  'UPSTREAM_CHANGED',
  'SCHEMA_DRIFT',
  'DATASET_GONE',
  'EPOCH_CHANGED',
  'UPSTREAM_REWOUND',
  'LOG_PRUNED',
  'HISTORY_DIVERGED',
  'LOG_GAP',
  'POISON_ENTRY',
])

/** An error that stops a dataset until an operator decides. */
export function halted(code: HaltCode, message: string, hint?: string): VecError {
  return new VecError(code, message, hint === undefined ? {} : { hint })
}

export function haltCode(error: unknown): HaltCode | undefined {
  return error instanceof VecError && CODES.has(error.code) ? (error.code as HaltCode) : undefined
}
