/*
 * The numbers of stored embeddings by their definitions, for oracles. Nothing here is shared with the library.
 */

/** The number with these 16 bits, as IEEE 754 defines it. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 0x3ff
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return (
    sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
  )
}

/** The finite float16 from 0 on, in their order, which is that of their bits. */
const HALVES = Float64Array.from({ length: 0x7c00 }, (_, bits) => half(bits))

/** The bits of the nearest float16: of two equally near ones the even one; NaN has those of a NaN. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size >= 65520) return sign | 0x7c00
  let low = 0
  let high = HALVES.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (HALVES[middle] <= size) low = middle
    else high = middle
  }
  const below = size - HALVES[low]
  const above = HALVES[high] - size
  const up = above < below || (above === below && high % 2 === 0)
  return sign | (up ? high : low)
}

/** The float32 numbers in stored bytes, by the declared type of their column; undefined for bytes of another type. */
export function storedNumbers(declared: string, bytes: Uint8Array): Float32Array | undefined {
  const size = declared === 'VEC_F16_BLOB' ? 2 : declared.startsWith('VEC_I8_BLOB') ? 1 : 4
  if (bytes.length % size !== 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const numbers = new Float32Array(bytes.length / size)
  const range = rangeOf(declared) ?? 1
  for (let i = 0; i < numbers.length; i++) {
    if (size === 2) numbers[i] = half(view.getUint16(2 * i, true))
    else if (size === 1) numbers[i] = (view.getInt8(i) * range) / 127
    else numbers[i] = view.getFloat32(4 * i, true)
  }
  return numbers
}

/** The number that is stored as 127; undefined for other types than int8. */
function rangeOf(declared: string): number | undefined {
  const range = /^VEC_I8_BLOB\((.*)\)$/.exec(declared)?.[1]
  return range === undefined ? undefined : Number(range)
}

/** The bytes in which a vector is stored; what int8 cannot hold becomes its nearest end. */
export function storedBytes(declared: string, vector: Float32Array): Uint8Array {
  if (declared === 'VEC_F16_BLOB') {
    return new Uint8Array(Uint16Array.from(vector, halfBits).buffer)
  }
  const range = rangeOf(declared)
  if (range === undefined) return new Uint8Array(vector.slice().buffer)
  const steps = Array.from(vector, x =>
    Math.max(-128, Math.min(127, Math.round((x * 127) / range))),
  )
  return new Uint8Array(Int8Array.from(steps).buffer)
}
