let table: Uint32Array | undefined

/** The float32 bits of every float16, indexed by the bits of the float16. float32 can hold all of them. */
export function float32OfFloat16(): Uint32Array {
  return (table ??= Uint32Array.from({ length: 2 ** 16 }, (_, half) => float32Bits(half)))
}

/** IEEE 754: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits; float32 has 8 (bias 127) and 23. */
function float32Bits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 31
  const fraction = half & 0x3ff
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0
  if (fraction === 0) return sign >>> 0
  // Subnormal: fraction * 2^-24. float32 stores it as a normal number, whose highest bit is hidden.
  const shift = Math.clz32(fraction) - 21
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0
}

const single = new Float32Array(1)
const singleBits = new Uint32Array(single.buffer)

/**
 * The bits of the float16 nearest to a float32; of two equally near ones, the even one. Numbers from 65520 on, which
 * round to more than 65504, become the infinity.
 */
export function float16Bits(value: number): number {
  single[0] = value
  const bits = singleBits[0]
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 0xff) - 112
  const fraction = bits & 0x7fffff
  if (exponent >= 31) return sign | (exponent === 143 && fraction !== 0 ? 0x7e00 : 0x7c00)
  if (exponent > 0) return sign | rounded((exponent << 23) | fraction, 13)
  // Subnormal: a multiple of 2^-24. Less than half of the smallest is 0.
  return exponent < -10 ? sign : sign | rounded(fraction | 0x800000, 14 - exponent)
}

/** Drops the lowest bits; a carry into the exponent is right, as numbers of one sign are ordered like their bits. */
function rounded(bits: number, dropped: number): number {
  const kept = bits >>> dropped
  const rest = bits & ((1 << dropped) - 1)
  const half = 1 << (dropped - 1)
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}
