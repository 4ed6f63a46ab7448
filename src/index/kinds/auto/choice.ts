/** What was chosen, when, and why; which kind it was, the index itself tells. */
export interface Choice {
  /** Live rows at that time: with twice as many the choice is made again. */
  readonly rows: number
  /** One sentence, with the numbers it was made by. */
  readonly why: string
}

/** The note of a saved index. */
export function writeChoice(choice: Choice): string {
  return `${choice.rows} ${choice.why}`
}

/** Undefined for a note that `writeChoice` did not make: the choice is made again. */
export function readChoice(note: string | undefined): Choice | undefined {
  const found = /^(\d{1,10}) (.+)$/s.exec(note ?? '')
  return found ? { rows: Number(found[1]), why: found[2] } : undefined
}
