import { jsonProblem } from '../../core/json-error.ts'
import { optionText, sourceError, type InterchangeError } from '../interchange-error.ts'
import { notUtf8 } from './not-utf8.ts'

/** An element of an array, or a member of an object. Its text is not validated; JSON.parse does that. */
export interface JsonEntry {
  /** Undefined in an array. */
  readonly key: string | undefined
  readonly text: string
  /** The line on which it begins, from 1. */
  readonly line: number
}

/** The maximum size of an entry: text whose first entry never ends must not fill the memory. */
const MAX_ENTRY_BYTES = 2 ** 28

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_ARRAY = 91
const BACKSLASH = 92
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125
const LF = 10

/** The tokens that may come next, outside of entries. */
type Expected = 'start' | 'first' | 'key' | 'colon' | 'value' | 'comma' | 'end'

/**
 * Splits one JSON array or object into its entries. It receives pieces of UTF-8 and holds at most one entry. It is
 * strict about the text between entries, and leaves the text inside them to JSON.parse.
 */
export class JsonSplitter {
  readonly #name: string
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #expected: Expected = 'start'
  #closer = 0
  #line = 1
  #key: string | undefined
  /** The kind of the key or value that has begun. */
  #inside: 'string' | 'container' | 'scalar' | undefined
  #inString = false
  #escaped = false
  #depth = 0
  #begun: Uint8Array[] = []
  #begunBytes = 0
  #entryLine = 0

  /** `name` appears in errors. */
  constructor(name: string) {
    this.#name = name
  }

  /** The entries that `bytes` completes. */
  push(bytes: Uint8Array): JsonEntry[] {
    const entries: JsonEntry[] = []
    let at = 0
    while (at < bytes.length) {
      if (this.#inside === undefined) {
        at = this.#between(bytes, at)
        continue
      }
      const end = this.#within(bytes, at)
      this.#keep(bytes.subarray(at, end < 0 ? bytes.length : end))
      if (end < 0) break
      this.#complete(entries)
      at = end
    }
    return entries
  }

  /** Called at the end of the text. */
  end(): void {
    if (this.#expected === 'start') {
      throw sourceError(`${this.#name} is empty`, 'write a JSON array or object')
    }
    if (this.#expected === 'end') return
    throw this.#refused(
      `the JSON ends before its ${this.#closer === CLOSE_ARRAY ? 'array' : 'object'} does`,
      'the file may be truncated',
    )
  }

  /** Reads one byte outside of entries. Returns the next position. */
  #between(bytes: Uint8Array, at: number): number {
    const c = bytes[at]
    if (c === LF) this.#line++
    if (c === LF || c === 32 || c === 9 || c === 13) return at + 1
    switch (this.#expected) {
      case 'start':
        // A byte order mark.
        if (c === 0xef || c === 0xbb || c === 0xbf) return at + 1
        if (c !== OPEN_ARRAY && c !== OPEN_OBJECT) throw this.#unexpected(c, 'a [ or {')
        this.#closer = c === OPEN_ARRAY ? CLOSE_ARRAY : CLOSE_OBJECT
        this.#expected = 'first'
        return at + 1
      case 'first':
        if (c === this.#closer) return this.#ended(at)
        this.#expected = this.#closer === CLOSE_ARRAY ? 'value' : 'key'
        return at
      case 'key':
        if (c !== QUOTE) throw this.#unexpected(c, 'a quoted key')
        return this.#begin('string', at)
      case 'colon':
        if (c !== COLON) throw this.#unexpected(c, 'a colon')
        this.#expected = 'value'
        return at + 1
      case 'value':
        if (c === QUOTE) return this.#begin('string', at)
        if (c === OPEN_ARRAY || c === OPEN_OBJECT) return this.#begin('container', at)
        if (c === COMMA || c === this.#closer) throw this.#unexpected(c, 'a value')
        return this.#begin('scalar', at)
      case 'comma':
        if (c === this.#closer) return this.#ended(at)
        if (c !== COMMA) throw this.#unexpected(c, 'a comma')
        this.#expected = this.#closer === CLOSE_ARRAY ? 'value' : 'key'
        return at + 1
      case 'end':
        throw this.#refused(
          `more JSON follows the first ${this.#closer === CLOSE_ARRAY ? 'array' : 'object'}`,
          `for one JSON object per line, use ${optionText('format', 'jsonl')}`,
        )
    }
  }

  #ended(at: number): number {
    this.#expected = 'end'
    return at + 1
  }

  #begin(kind: 'string' | 'container' | 'scalar', at: number): number {
    this.#inside = kind
    this.#inString = false
    this.#escaped = false
    this.#depth = 0
    if (this.#expected === 'key' || this.#closer === CLOSE_ARRAY) this.#entryLine = this.#line
    return at
  }

  /** Where the entry ends in `bytes`; -1 when it continues after them. */
  #within(bytes: Uint8Array, from: number): number {
    const { length } = bytes
    const container = this.#inside === 'container'
    const scalar = this.#inside === 'scalar'
    let inString = this.#inString
    let escaped = this.#escaped
    let depth = this.#depth
    for (let at = from; at < length; at++) {
      const c = bytes[at]
      if (c === LF) this.#line++
      if (inString) {
        if (escaped) escaped = false
        else if (c === BACKSLASH) escaped = true
        else if (c === QUOTE) {
          inString = false
          if (!container) return at + 1
        }
        continue
      }
      if (scalar) {
        if (c > 32 && c !== COMMA && c !== CLOSE_ARRAY && c !== CLOSE_OBJECT) continue
        if (c === LF) this.#line--
        return at
      }
      if (c === QUOTE) inString = true
      else if (c === OPEN_ARRAY || c === OPEN_OBJECT) depth++
      else if ((c === CLOSE_ARRAY || c === CLOSE_OBJECT) && --depth === 0) return at + 1
    }
    this.#inString = inString
    this.#escaped = escaped
    this.#depth = depth
    return -1
  }

  #keep(piece: Uint8Array): void {
    this.#begun.push(piece)
    this.#begunBytes += piece.length
    if (this.#begunBytes <= MAX_ENTRY_BYTES) return
    throw this.#refused(
      `one entry is longer than ${MAX_ENTRY_BYTES} bytes`,
      'write an array of documents, or an object that maps ids to embeddings',
      this.#entryLine,
    )
  }

  #complete(entries: JsonEntry[]): void {
    const text = this.#decode(
      this.#begun.length === 1 ? this.#begun[0] : Buffer.concat(this.#begun),
    )
    this.#begun = []
    this.#begunBytes = 0
    this.#inside = undefined
    if (this.#expected === 'key') {
      this.#key = this.#parseKey(text)
      this.#expected = 'colon'
      return
    }
    const key = this.#closer === CLOSE_ARRAY ? undefined : this.#key
    entries.push({ key, text, line: this.#entryLine })
    this.#expected = 'comma'
  }

  #parseKey(text: string): string {
    try {
      return JSON.parse(text) as string
    } catch {
      throw this.#refused(`not JSON: ${jsonProblem(text)}`, undefined, this.#entryLine)
    }
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes)
    } catch {
      throw notUtf8(this.#name, { source: this.#name, unit: 'line', at: this.#entryLine })
    }
  }

  #unexpected(c: number, expected: string): Error {
    const given = c > 32 && c < 127 ? `'${String.fromCharCode(c)}'` : `byte ${c}`
    return this.#refused(
      `expected ${expected}, got ${given}`,
      this.#expected === 'start'
        ? `write a JSON array or object; for another format: ${optionText('format')}`
        : 'the file is not JSON, or damaged',
    )
  }

  #refused(message: string, hint: string | undefined, at: number = this.#line): InterchangeError {
    return sourceError(message, hint, { source: this.#name, unit: 'line', at })
  }
}
