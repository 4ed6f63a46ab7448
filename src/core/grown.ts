/** A longer copy of a typed array, zeros behind what was there. */
export function grown<T extends Uint8Array | Uint32Array | Float32Array | Float64Array>(
  from: T,
  length: number,
): T {
  const to = new (from.constructor as new (length: number) => T)(length)
  to.set(from)
  return to
}
