import { SourceError } from '../src/ui/source-error.ts'

/** What was typed: a JSON array is a vector, all else are words. */
export function readTerms(typed: string): {
  readonly text?: string
  readonly vector?: readonly number[]
} {
  const text = typed.trim()
  if (text === '') return {}
  if (!text.startsWith('[')) return { text }
  let vector: unknown
  try {
    vector = JSON.parse(text)
  } catch {
    vector = undefined
  }
  const isVector = Array.isArray(vector) && vector.every(value => typeof value === 'number')
  if (isVector) return { vector: vector as readonly number[] }
  throw new SourceError(
    'UI_QUERY',
    'the vector cannot be read',
    'write numbers in brackets: [0.1, 0.2]',
  )
}
