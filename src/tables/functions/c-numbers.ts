/** A number at the beginning of a text, and where the text continues. */
export interface NumberRead<T> {
  readonly value: T
  readonly end: number
}

/** `strtod` accepts white space, a sign, decimal and hexadecimal numbers, infinities and NaN with a payload. */
const FLOAT =
  /[ \t\n\v\f\r]*(?<sign>[+-]?)(?:0x(?<hex>[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p(?<power>[+-]?\d+))?|(?<decimal>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?<infinity>inf(?:inity)?)|nan(?:\((?<payload>\w*)\))?)/iy

const INTEGER = /[ \t\n\v\f\r]*([+-]?\d+)/y

const NAN_BITS = 0x7fc00000
const SIGN_BIT = 0x80000000

const single = new Float32Array(1)
const singleBits = new Uint32Array(single.buffer)

/**
 * The bits of the float32 that C's `strtod` reads at `at`, as in sqlite-vec; undefined if no number begins there,
 * `'range'` if it overflows a double or underflows to zero. The result is bits, since a NaN keeps its sign and
 * payload.
 */
export function readFloat32(text: string, at: number): NumberRead<number> | 'range' | undefined {
  FLOAT.lastIndex = at
  const match = FLOAT.exec(text)
  if (!match) return undefined
  const end = FLOAT.lastIndex
  const { sign, hex, power, decimal, infinity, payload } = match.groups ?? {}
  const negative = sign === '-'
  if (hex === undefined && decimal === undefined && infinity === undefined) {
    const bits = NAN_BITS | payloadBits(payload ?? '')
    return { value: (negative ? bits | SIGN_BIT : bits) >>> 0, end }
  }
  const digits = hex ?? decimal?.replace(/e.*/i, '') ?? ''
  const magnitude =
    infinity !== undefined
      ? Infinity
      : hex !== undefined
        ? hexadecimal(hex, Number(power ?? 0))
        : Number(decimal)
  const overflows = magnitude === Infinity && infinity === undefined
  const underflows = magnitude === 0 && /[1-9a-f]/i.test(digits)
  if (overflows || underflows) return 'range'
  single[0] = negative ? -magnitude : magnitude
  return { value: singleBits[0], end }
}

/** The integer that C's `strtol` reads at `at`; undefined if none begins there. */
export function readInteger(text: string, at: number): NumberRead<bigint> | undefined {
  INTEGER.lastIndex = at
  const match = INTEGER.exec(text)
  return match ? { value: BigInt(match[1].replace('+', '')), end: INTEGER.lastIndex } : undefined
}

/** The mantissa bits that glibc sets for `nan(...)`. The float32 keeps the upper bits. */
function payloadBits(payload: string): number {
  if (!/^(?:0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.test(payload)) return 0
  const octal = /^0[0-7]+$/.test(payload)
  const largest = 2n ** 64n - 1n
  const value = BigInt(octal ? `0o${payload.slice(1)}` : payload)
  const kept = BigInt.asUintN(51, value > largest ? largest : value)
  return Number(kept >> 29n)
}

/** A double uses 64 bits of a mantissa. Further bits decide only whether the last bit is exact. */
function hexadecimal(digits: string, power: number): number {
  const [whole, fraction = ''] = digits.split('.')
  let mantissa = BigInt(`0x${whole}${fraction}`)
  let exponent = power - 4 * fraction.length
  const surplus = mantissa.toString(2).length - 64
  if (surplus > 0) {
    const kept = mantissa >> BigInt(surplus)
    mantissa = kept << BigInt(surplus) === mantissa ? kept : kept | 1n
    exponent += surplus
  }
  // In steps, since 2 ** exponent alone may overflow or underflow although the product does not.
  let value = Number(mantissa)
  for (let left = Math.max(-4096, Math.min(4096, exponent)); left !== 0;) {
    const step = Math.max(-512, Math.min(512, left))
    value *= 2 ** step
    left -= step
  }
  return value
}
