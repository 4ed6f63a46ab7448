import { stringifyJson } from '../core/exact-json.ts'
import type { Collection } from '../documents/collection.ts'
import type { StoredDocument } from '../documents/collection/stored-document.ts'

/** A document in an answer. */
export interface ShownDocument {
  /** Cut if it is long and the answer is full. */
  readonly id: string
  readonly content?: string | null
  readonly meta?: unknown
  readonly vector?: readonly number[] | null
  /** What is missing here, and how to read it. */
  readonly truncated?: string
}

export interface ShowOptions {
  readonly vectors?: boolean
  /** The position in the content to begin at, in UTF-16 units. */
  readonly offset?: number
  /** Further members of the document, such as its score. */
  readonly facts?: object
}

/** The least that an answer has for each of its documents: an id, scores, and that there is more. */
export const BYTES_A_ROW = 400
/** The least that an answer has for everything else. */
export const BYTES_OF_NAMES = 4000

/** A content that is cut shorter than this is left out. */
const SHORTEST = 300
/** The bytes of an id, and of scores, if the answer is full. */
const SHORT_ID = 60
const SHORT_FACTS = 200

/** The bytes of JSON that are left for the documents of an answer. */
export class Budget {
  #left: number

  constructor(bytes: number, rows: number) {
    this.#left = bytes - BYTES_OF_NAMES - rows * BYTES_A_ROW
  }

  /** Reads a document as far as it fits. Undefined if it does not exist. */
  show(documents: Collection, id: string, options: ShowOptions = {}): ShownDocument | undefined {
    const { vectors = false, offset = 0, facts = {} } = options
    // Each document has its own space for this.
    const scores = sizeOf(facts) <= SHORT_FACTS ? facts : {}
    const head = sizeOf({ id, ...facts })
    if (this.#left < head + SHORTEST) {
      return { id: label(id, SHORT_ID), ...scores, truncated: 'the answer is full' }
    }
    const include = vectors
      ? (['content', 'meta', 'vector'] as const)
      : (['content', 'meta'] as const)
    const found = documents.get(id, { include })
    if (found === undefined) return undefined
    const shown = { ...facts, ...this.#fitting(found, head, offset) }
    this.#left -= sizeOf(shown)
    return shown
  }

  #fitting(
    { id, content, meta, vector }: StoredDocument,
    head: number,
    offset: number,
  ): ShownDocument {
    const missing: string[] = []
    const others: { meta?: unknown; vector?: number[] | null } = {}
    let left = this.#left - head - SHORTEST
    const add = (name: 'meta' | 'vector', value: unknown): void => {
      const size = sizeOf({ [name]: value })
      if (size > left) {
        missing.push(`${name} (${size === Infinity ? 'nested too deeply' : `${size} bytes`})`)
        return
      }
      left -= size
      Object.assign(others, { [name]: value })
    }
    if (meta !== null && meta !== undefined) add('meta', meta)
    if (vector !== undefined) add('vector', vector && Array.from(vector))
    const text = content ?? null
    const shown = text === null ? null : cut(text.slice(offset), left)
    if (text !== null && offset + shown!.length < text.length) {
      const end = offset + shown!.length
      missing.push(
        `the content from character ${end} of ${text.length}: get it with {"ids": [...], "offset": ${end}}`,
      )
    }
    return {
      id,
      content: shown,
      ...others,
      ...(missing.length === 0 ? {} : { truncated: `too large: ${missing.join('; ')}` }),
    }
  }
}

/** A name as far as it fits. */
export function label(name: string, bytes: number): string {
  const shown = cut(name, bytes)
  return shown === name ? name : `${cut(name, bytes - 3)}...`
}

/** The beginning of a text that takes at most so many bytes of JSON. Never half of a character. */
function cut(text: string, bytes: number): string {
  if (text.length <= bytes && sizeOf(text) <= bytes) return text
  let [low, high] = [0, Math.max(0, Math.min(text.length, bytes))]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (sizeOf(text.slice(0, middle)) <= bytes) low = middle
    else high = middle - 1
  }
  const splits = /[\ud800-\udbff]/.test(text.charAt(low - 1))
  return text.slice(0, splits ? low - 1 : low)
}

/** The bytes of a value as JSON; Infinity for a value that cannot be written. */
export function sizeOf(value: unknown): number {
  try {
    return Buffer.byteLength(stringifyJson(value))
  } catch {
    return Infinity
  }
}
