/** The number of set bits in a 32-bit word. */
export function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** The number of set bits in all words. */
export function bitsOf(words: Uint32Array): number {
  let count = 0
  for (let i = 0; i < words.length; i++) count += bitCount(words[i])
  return count
}
