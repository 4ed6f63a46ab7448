/** What was decided, when, and why; for which kind, the index itself tells. */
export interface Plan {
  /** Live rows at that time: with twice as many the decision is made again. */
  readonly rows: number
  /** One sentence, with the numbers it was made by. */
  readonly reason: string
}

/** What a saved index remembers of it. */
export function writePlan(plan: Plan): string {
  return `${plan.rows} ${plan.reason}`
}

/** Undefined for a note that `writePlan` did not make: the decision is made again. */
export function readPlan(note: string | undefined): Plan | undefined {
  const found = /^(\d{1,10}) (.+)$/s.exec(note ?? '')
  return found ? { rows: Number(found[1]), reason: found[2] } : undefined
}
