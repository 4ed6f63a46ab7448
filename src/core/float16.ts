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
