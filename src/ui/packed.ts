/** Arrays of numbers that travel as bytes, each under the letter that stands for it in the JSON. */
const ARRAYS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
}
type ArrayName = keyof typeof ARRAYS
type NumberArray = InstanceType<(typeof ARRAYS)[ArrayName]>

interface Reference {
  readonly $array: ArrayName
  readonly at: number
  readonly length: number
}

/** The length of the JSON comes first, as a little-endian uint32. */
const HEAD = 4
const ALIGNMENT = 8
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

/**
 * A value as bytes: its JSON, followed by the content of its typed arrays. A map of 100,000 points is 1.6 MB of such
 * arrays, and would be several times that as JSON.
 */
export function pack(value: unknown): Uint8Array {
  const arrays: NumberArray[] = []
  let size = 0
  const json = JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return String(each)
    const array = nameOf(each)
    if (array === undefined) return each
    const { length, byteLength } = each as NumberArray
    arrays.push(each as NumberArray)
    const reference: Reference = { $array: array, at: size, length }
    size += aligned(byteLength)
    return reference
  })
  const text = new TextEncoder().encode(json ?? 'null')
  const start = aligned(HEAD + text.length)
  const bytes = new Uint8Array(start + size)
  new DataView(bytes.buffer).setUint32(0, text.length, true)
  bytes.set(text, HEAD)
  let at = start
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at)
    at += aligned(byteLength)
  }
  return bytes
}

/** The value that was packed. */
export function unpack(bytes: Uint8Array): unknown {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const start = aligned(HEAD + length)
  const text = new TextDecoder().decode(bytes.subarray(HEAD, HEAD + length))
  return JSON.parse(text, (_key, each: unknown) => {
    if (!isReference(each)) return each
    const { $array, at, length: count } = each
    const size = count * ARRAYS[$array].BYTES_PER_ELEMENT
    // A copy, since a view needs an aligned place, and the bytes may be a part of a larger buffer.
    const copy = new Uint8Array(size)
    copy.set(bytes.subarray(start + at, start + at + size))
    return new ARRAYS[$array](copy.buffer)
  })
}

function nameOf(value: unknown): ArrayName | undefined {
  if (!ArrayBuffer.isView(value)) return undefined
  for (const [name, type] of Object.entries(ARRAYS))
    if (value instanceof type) return name as ArrayName
  return undefined
}

function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && '$array' in value
}
