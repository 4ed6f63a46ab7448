import { visibleLine } from './visible.ts'

/** Where a text is not JSON. It does not depend on the runtime, as the message of a `SyntaxError` does. */
export interface JsonError {
  /** Of the first UTF-16 unit that JSON does not allow; the length of the text where it ends too early. */
  readonly offset: number
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** Such as `expected ',' or '}', got 'x'`: at most one character of the text is in it. */
  readonly problem: string
}

/** The first error of a text that `JSON.parse()` refused; undefined if the text is JSON. */
export function jsonErrorOf(text: string): JsonError | undefined {
  const reader = new JsonReader(text)
  const problem = reader.problem()
  if (problem === undefined) return undefined
  const offset = reader.at
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { offset, line, column: offset - before.lastIndexOf('\n'), problem }
}

/** What is wrong with a text that `JSON.parse()` refused, but `jsonErrorOf()` did not. */
export const TOO_DEEP = 'nested too deeply'

/** The error as text, for messages about a text of one line: `column 7: expected a value, got 'x'`. */
export function jsonProblem(text: string): string {
  const error = jsonErrorOf(text)
  if (error === undefined) return TOO_DEEP
  const { line, column, problem } = error
  return `${line === 1 ? '' : `line ${line}, `}column ${column}: ${problem}`
}

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y
/** What ends a string or is not allowed in it, or begins an escape. */
// oxlint-disable-next-line no-control-regex -- JSON forbids control characters in strings
const SPECIAL = /["\\\u0000-\u001f]/g
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

const VALUE = 'a value'
const KEY = 'a key in double quotes'

/** Reads JSON without recursion, up to the first error. */
class JsonReader {
  at = 0
  readonly #text: string
  /** What closes the arrays and objects that are open. */
  readonly #closers: string[] = []

  constructor(text: string) {
    this.#text = text
  }

  /** What is wrong at `at`; undefined if nothing is. */
  problem(): string | undefined {
    let expected: 'value' | 'first value' | 'key' | 'first key' = 'value'
    for (;;) {
      this.#take(SPACE)
      const isFirst = expected.startsWith('first')
      if (isFirst && this.#next() === this.#closers.at(-1)) this.#close()
      else if (expected.endsWith('key')) {
        if (this.#next() !== '"') return this.#instead(isFirst ? `${KEY} or '}'` : KEY)
        const problem = this.#string()
        if (problem !== undefined) return problem
        this.#take(SPACE)
        if (this.#next() !== ':') return this.#instead("':'")
        this.at++
        expected = 'value'
        continue
      } else if (this.#next() === '[' || this.#next() === '{') {
        const isArray = this.#next() === '['
        this.#closers.push(isArray ? ']' : '}')
        this.at++
        expected = isArray ? 'first value' : 'first key'
        continue
      } else if (this.#next() === '"') {
        const problem = this.#string()
        if (problem !== undefined) return problem
      } else if (!this.#take(NUMBER) && !this.#take(WORD)) {
        return this.#instead(isFirst ? `${VALUE} or ']'` : VALUE)
      }
      const closer = this.#afterValue()
      if (closer === undefined) return this.#next() === '' ? undefined : this.#instead('the end')
      if (this.#next() !== ',') return this.#instead(`',' or '${closer}'`)
      this.at++
      expected = closer === ']' ? 'value' : 'key'
    }
  }

  /** Closes what ends here, and returns what would close the rest. */
  #afterValue(): string | undefined {
    for (;;) {
      this.#take(SPACE)
      const closer = this.#closers.at(-1)
      if (closer === undefined || this.#next() !== closer) return closer
      this.#close()
    }
  }

  #close(): void {
    this.#closers.pop()
    this.at++
  }

  #string(): string | undefined {
    this.at++
    for (;;) {
      SPECIAL.lastIndex = this.at
      const found = SPECIAL.exec(this.#text)
      this.at = found?.index ?? this.#text.length
      if (this.#next() === '"') {
        this.at++
        return undefined
      }
      if (this.#next() === '') return 'the string does not end'
      if (this.#next() !== '\\') return 'a control character in a string: write it as an escape'
      if (!this.#take(ESCAPE)) return 'unknown escape in a string'
    }
  }

  /** The character here; '' at the end. */
  #next(): string {
    return this.#text.charAt(this.at)
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    if (!pattern.test(this.#text)) return false
    this.at = pattern.lastIndex
    return true
  }

  #instead(expected: string): string {
    const code = this.#text.codePointAt(this.at)
    if (code === undefined) return `expected ${expected}, got the end`
    const quote = code === 0x27 ? '"' : "'"
    return `expected ${expected}, got ${quote}${visibleLine(String.fromCodePoint(code))}${quote}`
  }
}
