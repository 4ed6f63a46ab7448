// Which of 16 bytes are in a set: a bit each. `low` and `high` are the set, a bit for each of 256 bytes; `bits` is the bit of
// a byte within its eighth of a word.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function membersOf(bytes: v128, low: v128, high: v128, bits: v128): u32 {
  // A swizzle gives 0 for a place beyond 15.
  const place = i8x16.shr_u(bytes, 3)
  const eighths = v128.or(
    v128.swizzle(low, place),
    v128.swizzle(high, i8x16.sub(place, i8x16.splat(16))),
  )
  const bit = v128.swizzle(bits, v128.and(bytes, i8x16.splat(7)))
  return i8x16.bitmask(i8x16.eq(v128.and(eighths, bit), bit))
}

/**
 * Writes `words` words: a bit for each of 32 bytes from `from` on, set where the byte is in the set of 256 bits at `set`.
 */
export function selectBytes(from: usize, words: u32, set: usize, out: usize): void {
  const low = v128.load(set)
  const high = v128.load(set, 16)
  const bits = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0)
  for (const end = out + (<usize>words << 2); out != end; out += 4) {
    const first = membersOf(v128.load(from), low, high, bits)
    const second = membersOf(v128.load(from, 16), low, high, bits)
    store<u32>(out, first | (second << 16))
    from += 32
  }
}
