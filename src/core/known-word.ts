import { VecError } from './errors.ts'

/**
 * One of a closed list of words: `given` itself when it is one of them. Throws VecError VEC_OPTION for anything else, with
 * the list and the nearest word. `aliases` are further spellings, from which a suggestion may be drawn: `l2` means
 * `euclidean` to people.
 */
export function knownWord<T extends string>(
  what: string,
  given: unknown,
  known: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
): T {
  const found = known.find(word => word === given)
  if (found !== undefined) return found
  const list = known.join(', ')
  if (typeof given !== 'string') {
    throw new VecError('VEC_OPTION', `${what} must be one of ${list}, not ${shown(given)}`, {
      hint: `give ${what} as text`,
    })
  }
  const near = nearest(given.toLowerCase(), [...known, ...Object.keys(aliases)])
  const meant = aliases[near] ?? near
  throw new VecError(
    'VEC_OPTION',
    `unknown ${what} '${given}': did you mean '${meant}'? Known: ${list}`,
    { hint: `use ${what} '${meant}', or another of the list` },
  )
}

function shown(value: unknown): string {
  return value === null || typeof value !== 'object' ? String(value) : `a value of type object`
}

/** The known word with the fewest edits to what was typed. */
export function nearest(word: string, known: readonly string[]): string {
  let best = known[0]
  let fewest = Infinity
  for (const candidate of known) {
    const edits = editDistance(word, candidate)
    if (edits < fewest) {
      fewest = edits
      best = candidate
    }
  }
  return best
}

/** Levenshtein distance, one row of the matrix at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, row[j] + 1, next[j - 1] + 1))
    }
    row = next
  }
  return row[b.length]
}
