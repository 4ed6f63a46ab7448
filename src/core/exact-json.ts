/**
 * A prefix of the digits of an integer while it is a string. It is random, so no document can contain it. Made when it
 * is needed: some runtimes give random numbers only while they handle a request.
 */
let mark: string | undefined
const markOf = (): string =>
  (mark ??= globalThis.crypto.getRandomValues(new Uint32Array(4)).join('-'))

/** Matches a value with so many digits that it may be an integer that a double cannot hold. */
const LONG_INTEGER = /(?:^|[[:,\s])-?\d{16,}(?=\s*(?:[,\]}]|$))/
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs

/**
 * `JSON.parse()` that returns a bigint for an integer that a double cannot hold, where `JSON.parse()` returns another
 * number.
 */
export function parseJson(text: string): unknown {
  const plain: unknown = JSON.parse(text)
  if (!LONG_INTEGER.test(text)) return plain
  const prefix = markOf()
  const marked = text.replace(STRING_OR_NUMBER, token =>
    isInexact(token) ? `"${prefix}${token}"` : token,
  )
  if (marked === text) return plain
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(prefix)
      ? BigInt(value.slice(prefix.length))
      : value,
  )
}

/** `JSON.stringify()` that writes a bigint as a number with all its digits. */
export function stringifyJson(value: unknown): string {
  let isMarked = false
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'bigint') return item
    isMarked = true
    return `${markOf()}${item}`
  })
  return isMarked ? text.replaceAll(new RegExp(`"${markOf()}(-?\\d+)"`, 'g'), '$1') : text
}

function isInexact(token: string): boolean {
  return /^-?\d{16,}$/.test(token) && BigInt(Number(token)) !== BigInt(token)
}
