import type { Step, WriteSteps } from './steps.ts'

const WRITES: readonly string[] = [
  'write',
  'delete',
  'run',
  'migrationBegin',
  'migrationStore',
  'migrationSwitch',
  'migrationDiscard',
] satisfies (keyof WriteSteps)[]

/** Whether no step writes. In a file of its own, as a page needs it without what runs the steps. */
export function onlyReads(steps: readonly Step[]): boolean {
  return !steps.some(([method]) => WRITES.includes(method))
}
