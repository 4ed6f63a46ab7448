/** The last decision: when it was made, and why. The index itself tells for which kind. */
export interface Plan {
  /** The number of live rows at that time. With twice as many, the decision is made again. */
  readonly rows: number
  /** One sentence, with the numbers behind the decision. */
  readonly reason: string
}

/** The note that a saved index contains. */
export function writePlan(plan: Plan): string {
  return `${plan.rows} ${plan.reason}`
}

/** Undefined for a note that `writePlan` did not write: the decision is then made again. */
export function readPlan(note: string | undefined): Plan | undefined {
  const found = /^(\d{1,10}) (.+)$/s.exec(note ?? '')
  return found ? { rows: Number(found[1]), reason: found[2] } : undefined
}
