import { decodeEmbedding } from '../../core/embedding.ts'
import type { SourceRecord } from '../document.ts'
import { optionText, sourceError } from '../interchange-error.ts'

/** The number of records that are checked. */
const SAMPLE = 100
/** Text longer than this is not parsed to see whether it is a vector. */
const MAX_TEXT = 2 ** 20

/** What a field has held so far: the same count of numbers each time, or 0. */
interface Candidate {
  length: number
  records: number
}

/**
 * Finds fields that look like embeddings (arrays of equal length) in records without a known embedding field. They
 * would become metadata, and no search would find the documents.
 */
export class VectorCandidates {
  readonly #fields = new Map<string, Candidate>()
  #records = 0

  /** Checks a record without a known embedding. */
  look(record: SourceRecord): void {
    if (this.#records === SAMPLE) return
    this.#records++
    for (const [name, value] of Object.entries(record)) {
      if (value === null || value === undefined || value === '') continue
      const length = numbersIn(value)
      const found = this.#fields.get(name)
      if (!found) this.#fields.set(name, { length, records: 1 })
      else {
        if (found.length !== length) found.length = 0
        found.records++
      }
    }
  }

  /** Undefined if no field looks like an embedding. */
  doubt(name: string): Error | undefined {
    const found = [...this.#fields].filter(
      ([, { length, records }]) => length >= 2 && 2 * records >= this.#records,
    )
    if (found.length === 0) return undefined
    const told = found.map(([field, { length }]) => `'${field}' (${length} numbers)`)
    const many = found.length > 1 ? 'fields' : 'field'
    return sourceError(
      `${name}: cannot tell which field is the embedding; the ${many} ${told.join(', ')} could be it: nothing was imported`,
      `name it: ${optionText('fields.embedding', found[0][0])}; or import without embeddings: ${optionText('noEmbedding', true)}`,
    )
  }
}

/** The count of numbers in a value that looks like a vector; 0 for any other value. */
function numbersIn(value: unknown): number {
  if (value instanceof Uint8Array) return value.length % 4 === 0 ? plausible(value) : 0
  const list = typeof value === 'string' ? arrayIn(value) : value
  return Array.isArray(list) &&
    list.every(item => typeof item === 'number' || typeof item === 'bigint')
    ? list.length
    : 0
}

function arrayIn(text: string): unknown {
  if (!text.startsWith('[') || text.length > MAX_TEXT) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Whether bytes could be float32 of a model. A hash or text is not. */
function plausible(bytes: Uint8Array): number {
  const numbers = decodeEmbedding(bytes)
  const usual = numbers.every(x => x === 0 || (Math.abs(x) > 1e-12 && Math.abs(x) < 1e12))
  return usual ? numbers.length : 0
}
