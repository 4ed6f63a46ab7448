import { VecError } from './errors.ts'
import { nearest } from './suggest.ts'

/**
 * Returns `given` if it is one of a closed list of words. Throws VecError VEC_OPTION for anything else, with the list
 * and the nearest word. `aliases` are further spellings for the suggestion: users may write `l2` for `euclidean`.
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
      hint: `pass ${what} as a string`,
    })
  }
  const near = nearest(given, [...known, ...Object.keys(aliases)])
  const meant = near === undefined ? undefined : (aliases[near] ?? near)
  throw new VecError(
    'VEC_OPTION',
    `unknown ${what} '${given}'${meant === undefined ? '.' : `: did you mean '${meant}'?`} Known: ${list}`,
    {
      hint:
        meant === undefined
          ? `use one of them`
          : `use ${what} '${meant}', or another one of the list`,
    },
  )
}

function shown(value: unknown): string {
  return value === null || typeof value !== 'object' ? String(value) : `a value of type object`
}
