/** A prefix of the digits of an integer while it is a string. It is random, so no document can contain it. */
const MARK: string = crypto.getRandomValues(new Uint32Array(4)).join('-')

/** Matches a value with so many digits that it may be an integer that a double cannot hold. */
const LONG_INTEGER = /(?:^|[[:,\s])-?\d{16,}(?=\s*(?:[,\]}]|$))/
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g')

/**
 * `JSON.parse()` that returns a bigint for an integer that a double cannot hold, where `JSON.parse()` returns another
 * number.
 */
export function parseJson(text: string): unknown {
  const plain: unknown = JSON.parse(text)
  if (!LONG_INTEGER.test(text)) return plain
  const marked = text.replace(STRING_OR_NUMBER, token =>
    isInexact(token) ? `"${MARK}${token}"` : token,
  )
  if (marked === text) return plain
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  )
}

/** `JSON.stringify()` that writes a bigint as a number with all its digits. */
export function stringifyJson(value: unknown): string {
  let marked = false
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'bigint') return item
    marked = true
    return `${MARK}${item}`
  })
  return marked ? text.replace(MARKED, '$1') : text
}

function isInexact(token: string): boolean {
  return /^-?\d{16,}$/.test(token) && BigInt(Number(token)) !== BigInt(token)
}
