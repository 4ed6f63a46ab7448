let table: Uint32Array | undefined

/** The bits of the float32 for the bits of each float16, which every float16 has. */
export function float32OfFloat16(): Uint32Array {
  return (table ??= Uint32Array.from({ length: 2 ** 16 }, (_, half) => float32Bits(half)))
}

/** IEEE 754: 1 bit of sign, 5 of exponent (bias 15), 10 of fraction; float32 has 8 (bias 127) and 23. */
function float32Bits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 31
  const fraction = half & 0x3ff
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0
  if (fraction === 0) return sign >>> 0
  // Subnormal: fraction * 2^-24, which float32 holds with its highest bit as the hidden one.
  const shift = Math.clz32(fraction) - 21
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0
}
