import { stringifyJson } from '../core/exact-json.ts'
import type { Collection } from '../documents/collection.ts'
import type { StoredDocument } from '../documents/collection/stored-document.ts'

/** A document in an answer. */
export interface ShownDocument {
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
}

/** A content that is cut shorter than this is left out. */
const SHORTEST = 200
/** The space for what an answer says besides documents, and for a document of which only the id and scores fit. */
const RESERVED = 500
const RESERVED_A_ROW = 80

/** The bytes of JSON that are left for the documents of an answer. */
export class Budget {
  #left: number

  constructor(bytes: number, rows: number) {
    this.#left = bytes - RESERVED - rows * RESERVED_A_ROW
  }

  /** Reads a document as far as it fits. Undefined if it does not exist. */
  show(documents: Collection, id: string, options: ShowOptions = {}): ShownDocument | undefined {
    if (this.#left < SHORTEST) {
      return { id, truncated: 'the answer is full' }
    }
    const { vectors = false, offset = 0 } = options
    const include = vectors
      ? (['content', 'meta', 'vector'] as const)
      : (['content', 'meta'] as const)
    const found = documents.get(id, { include })
    return found && this.#pay(this.#fitting(found, offset))
  }

  #fitting({ id, content, meta, vector }: StoredDocument, offset: number): ShownDocument {
    const missing: string[] = []
    const others: { meta?: unknown; vector?: number[] | null } = {}
    let left = this.#left - sizeOf({ id }) - SHORTEST
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
      missing.push(
        `the content from character ${offset + shown!.length} of ${text.length}: get it with {"ids": [...], "offset": ${offset + shown!.length}}`,
      )
    }
    return {
      id,
      content: shown,
      ...others,
      ...(missing.length === 0 ? {} : { truncated: `too large: ${missing.join('; ')}` }),
    }
  }

  #pay(document: ShownDocument): ShownDocument {
    this.#left -= sizeOf(document)
    return document
  }
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
function sizeOf(value: unknown): number {
  try {
    return Buffer.byteLength(stringifyJson(value))
  } catch {
    return Infinity
  }
}
