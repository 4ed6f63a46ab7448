/** A search by a graph that looks at so many neighbors: its recall, and its median time in milliseconds. */
export interface Step {
  readonly effort: number
  readonly recall: number
  readonly time: number
}

/** What a peer finds in which time, with rising effort. */
export interface Ladder {
  readonly name: string
  readonly steps: readonly Step[]
}

/**
 * The time of a peer at a recall: between two steps of its ladder, both logarithms are taken to be linear. Undefined: it finds less
 * with any effort.
 */
export function timeAt(
  { name, steps }: Ladder,
  recall: number,
): { readonly time: number; readonly what: string } | undefined {
  const above = steps.find(step => step.recall >= recall)
  if (!above) return undefined
  const below = steps[steps.indexOf(above) - 1]
  if (!below || above.recall >= 1 || above.recall === below.recall) {
    const what = `${name} ef ${above.effort}, recall ${above.recall.toFixed(4)}`
    return { time: above.time, what }
  }
  const way =
    (missed(recall) - missed(below.recall)) / (missed(above.recall) - missed(below.recall))
  return {
    time: below.time * (above.time / below.time) ** way,
    what: `${name} between ef ${below.effort} (${below.recall.toFixed(4)}) and ${above.effort} (${above.recall.toFixed(4)})`,
  }
}

function missed(recall: number): number {
  return Math.log(1 - recall)
}
