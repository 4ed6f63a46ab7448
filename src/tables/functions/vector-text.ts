import { readFloat32, readInteger } from './c-numbers.ts'
import { isEmpty, TEXT_HINT, unreadable } from './vector-error.ts'

/** The most recently read text: in a query, it comes again with every row. */
let last: { readonly text: string; readonly numbers: Float32Array } | undefined

/** The float32 numbers of a list. The same array may be returned again, so callers must not change it. */
export function floatsOfText(text: string): Float32Array {
  if (last?.text === text) return last.numbers
  const numbers = floatsOfJson(text) ?? floatsOfList(text)
  last = { text, numbers }
  return numbers
}

/** The fast path for most texts; undefined if JSON and C could disagree. */
function floatsOfJson(text: string): Float32Array | undefined {
  try {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list) || list.length === 0 || !list.every(agrees)) return undefined
    return Float32Array.from(list as number[])
  } catch {
    return undefined
  }
}

/** A zero may be a number that underflows, which C refuses. */
function agrees(value: unknown): boolean {
  return Number.isFinite(value) && value !== 0
}

function floatsOfList(text: string): Float32Array {
  const bits = elements(text, (_, at) => {
    const read = readFloat32(text, at)
    if (read === 'range') throw unreadable('JSON parsing error', `${TEXT_HINT}, of float32s`)
    return read
  })
  return new Float32Array(Uint32Array.from(bits).buffer)
}

/** The int8 numbers of a list. */
export function int8sOfText(text: string): Int8Array {
  return Int8Array.from(elements(text, readInt8))
}

const INT8_HINT = 'an int8 is an integer from -128 to 127'

function readInt8(text: string, at: number): { value: number; end: number } | undefined {
  const read = readInteger(text, at)
  if (!read) return undefined
  const { value, end } = read
  if (BigInt.asIntN(64, value) !== value) throw unreadable('JSON parsing error', INT8_HINT)
  if (BigInt.asIntN(8, value) !== value) {
    throw unreadable('JSON parsing error: value out of range for int8', INT8_HINT)
  }
  return { value: Number(value), end }
}

const SPACE = /[ \t\n\r]*/y
const SEPARATORS = /[ \t\n\r,]*/y

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.exec(text)
  return pattern.lastIndex
}

/**
 * The elements of a list by the rules of sqlite-vec, which are more lenient than JSON. Any number of commas and
 * spaces (or none) separate elements, the closing bracket may be missing, and the text after it is not read.
 */
function elements<T>(
  text: string,
  read: (text: string, at: number) => { value: T; end: number } | undefined,
): T[] {
  if (text === '') throw isEmpty()
  const open = skip(SPACE, text, 0)
  if (text[open] !== '[') {
    throw unreadable("JSON array parsing error: Input does not start with '['", TEXT_HINT)
  }
  const found: T[] = []
  let at = open + 1
  while (at < text.length && text[at] !== ']') {
    const element = read(text, at)
    if (!element) throw unreadable('JSON parsing error', TEXT_HINT)
    found.push(element.value)
    at = skip(SEPARATORS, text, element.end)
  }
  if (found.length === 0) throw isEmpty()
  return found
}
