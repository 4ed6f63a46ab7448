const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The first number that is NaN or infinite in bytes of float32, whose exponent is all ones; -1: there is none. */
export function notFiniteAt(embedding: Uint8Array): number {
  if (LITTLE_ENDIAN && embedding.byteOffset % 4 === 0) {
    const numbers = new Float32Array(embedding.buffer, embedding.byteOffset, embedding.length / 4)
    // NaN and infinities make the sum NaN; finite numbers minus themselves never do.
    let sum = 0
    for (let i = 0; i < numbers.length; i++) sum += numbers[i] - numbers[i]
    if (sum === 0) return -1
  }
  for (let i = 3; i < embedding.length; i += 4) {
    if ((embedding[i] & 0x7f) === 0x7f && embedding[i - 1] >= 0x80) return (i - 3) / 4
  }
  return -1
}
