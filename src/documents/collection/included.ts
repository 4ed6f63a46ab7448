import { argumentError } from '../../core/argument-error.ts'
import { knownWord } from '../../core/known-word.ts'

/** The parts of a document that are read beside its id. */
export type Included = 'content' | 'meta' | 'vector' | 'columns'

const PARTS: readonly Included[] = ['content', 'meta', 'vector', 'columns']

/** The parts to read; content and metadata by default. */
export function readInclude(where: string, include: unknown): readonly Included[] {
  if (include === undefined) return ['content', 'meta']
  if (!Array.isArray(include)) {
    throw argumentError(where, 'include', include, `an array of ${PARTS.join(', ')}`)
  }
  const named = new Set(include.map(part => knownWord(`part in include of ${where}`, part, PARTS)))
  return PARTS.filter(part => named.has(part))
}
