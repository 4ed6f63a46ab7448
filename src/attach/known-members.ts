import { requirePlainObject } from '../core/argument-error.ts'
import { knownWord } from '../core/known-word.ts'

/** What other libraries call a member, each with the names here that may be meant. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  limit: ['k'],
  topK: ['k'],
  query: ['vector'],
  queryVector: ['vector'],
  vector: ['embedding'],
  values: ['embedding'],
  where: ['filter'],
  select: ['columns'],
  threshold: ['minScore'],
  minSimilarity: ['minScore'],
  namespace: ['dataset'],
  tenant: ['dataset'],
  text: ['content'],
  metadata: ['meta', 'columns'],
  meta: ['metadata'],
  key: ['id'],
  distance: ['metric'],
}

/**
 * Throws unless the value is an object with no members but these: a misspelled filter would be ignored silently, and a
 * vector under another name would not be stored.
 */
export function requireMembers(
  where: string,
  name: string,
  value: unknown,
  expected: string,
  known: readonly string[],
): asserts value is object {
  requirePlainObject(where, name, value, expected)
  for (const given of Object.keys(value)) {
    if (!known.includes(given))
      knownWord(`member of ${name} of ${where}`, given, known, aliases(known))
  }
}

function aliases(known: readonly string[]): Record<string, string> {
  const meant = Object.entries(ELSEWHERE).map(([word, names]) => [
    word,
    names.find(name => known.includes(name)),
  ])
  return Object.fromEntries(meant.filter(([, name]) => name !== undefined)) as Record<
    string,
    string
  >
}
