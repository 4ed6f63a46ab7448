import { readCondition } from './read-condition.ts'
import { readQuery } from './read-query.ts'
import { readSelection } from './read-selection.ts'
import type { Step } from './steps.ts'

/** Checks what a step takes, as far as that needs no table: before it is sent to another thread. */
export function checkStep(step: Step): void {
  if (step[0] === 'query') readQuery('query()', step[1])
  else if (step[0] === 'delete') readSelection('delete()', step[1])
  else if (step[0] === 'count') readCondition(step[1])
  else if (step[0] === 'list') readCondition(step[1].filter)
  else if (step[0] === 'facets' || step[0] === 'distinct') readCondition(step[2].filter)
}
