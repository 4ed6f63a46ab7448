import { SCRATCH, sharedArena } from './arena.ts'

/** Bytes that are looked at in one call. */
const BATCH = 65_536
const SET = SCRATCH + BATCH
const OUT = SET + 32

/** Some of the 256 values of a byte. */
export class ByteSet {
  readonly #bits = new Uint8Array(32)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(byte: number): void {
    const bit = 1 << (byte & 7)
    if ((this.#bits[byte >>> 3] & bit) !== 0) return
    this.#bits[byte >>> 3] |= bit
    this.#size++
  }

  /** Sets the bits of the bytes that are in the set, in `words`, which are zero: those of the first `count` bytes. */
  select(bytes: Uint8Array, count: number, words: Uint32Array): void {
    ByteSet.selectAll(bytes, count, [[this, words]])
  }

  /** `select` of several sets, which reads the bytes once. All `words` are of one length. */
  static selectAll(
    bytes: Uint8Array,
    count: number,
    sets: readonly (readonly [set: ByteSet, words: Uint32Array])[],
  ): void {
    const wanted = sets.filter(([set]) => set.size > 0)
    if (wanted.length === 0) return
    const end = Math.min(count, bytes.length, wanted[0][1].length * 32)
    if (end === 0) return
    const { kernels, u8, u32 } = sharedArena()
    for (let from = 0; from < end; from += BATCH) {
      const to = Math.min(end, from + BATCH)
      const size = (to - from + 31) >>> 5
      u8.set(bytes.subarray(from, to), SCRATCH)
      for (const [set, words] of wanted) {
        u8.set(set.#bits, SET)
        kernels.selectBytes(SCRATCH, size, SET, OUT)
        words.set(u32.subarray(OUT / 4, OUT / 4 + size), from >>> 5)
      }
    }
    // Behind the last byte there was anything.
    if (end % 32 === 0) return
    for (const [, words] of wanted) words[end >>> 5] &= (1 << (end & 31)) - 1
  }
}
