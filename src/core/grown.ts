/** A longer copy of a typed array, with zeros after its content. */
export function grown<T extends Uint8Array | Uint32Array | Float32Array | Float64Array>(
  from: T,
  length: number,
): T {
  const to = new (from.constructor as new (length: number) => T)(length)
  to.set(from)
  return to
}
