import { argumentError } from './argument-error.ts'

/** What every message says of a recall. */
export const RECALL_RANGE = 'a number above 0, at most 1'

/** Whether a value is the share of the nearest rows that a search has to find. */
export function isRecall(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= 1
}

/** Throws a TypeError for anything but a recall, a RangeError for another number; undefined is left out. */
export function requireRecall(where: string, name: string, value: unknown): void {
  if (value === undefined || isRecall(value)) return
  if (typeof value !== 'number') throw argumentError(where, name, value, RECALL_RANGE)
  throw new RangeError(`${where}: ${name} is ${value}: expected ${RECALL_RANGE}`)
}
