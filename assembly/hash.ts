// xxHash64, seed 0. `state`: four u64.

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
const P1: u64 = 0x9e3779b185ebca87
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
const P2: u64 = 0xc2b2ae3d27d4eb4f
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
const P3: u64 = 0x165667b19e3779f9
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
const P4: u64 = 0x85ebca77c2b2ae63
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
const P5: u64 = 0x27d4eb2f165667c5

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function round(lane: u64, word: u64): u64 {
  return rotl<u64>(lane + word * P2, 31) * P1
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * P1 + P4
}

export function hashStart(state: usize): void {
  store<u64>(state, P1 + P2)
  store<u64>(state, P2, 8)
  store<u64>(state, 0, 16)
  store<u64>(state, 0 - P1, 24)
}

/** `size` bytes, a multiple of 32. */
export function hashStripes(state: usize, from: usize, size: usize): void {
  let a = load<u64>(state)
  let b = load<u64>(state, 8)
  let c = load<u64>(state, 16)
  let d = load<u64>(state, 24)
  for (const end = from + size; from != end; from += 32) {
    a = round(a, load<u64>(from))
    b = round(b, load<u64>(from, 8))
    c = round(c, load<u64>(from, 16))
    d = round(d, load<u64>(from, 24))
  }
  store<u64>(state, a)
  store<u64>(state, b, 8)
  store<u64>(state, c, 16)
  store<u64>(state, d, 24)
}

/** The last `rest` bytes (under 32) of `size` in all. */
export function hashFinish(state: usize, from: usize, rest: usize, size: u64): u64 {
  let hash = P5
  if (size >= 32) {
    const a = load<u64>(state)
    const b = load<u64>(state, 8)
    const c = load<u64>(state, 16)
    const d = load<u64>(state, 24)
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18)
    hash = merge(merge(merge(merge(hash, a), b), c), d)
  }
  hash += size
  for (; rest >= 8; rest -= 8) {
    hash = rotl<u64>(hash ^ round(0, load<u64>(from)), 27) * P1 + P4
    from += 8
  }
  if (rest >= 4) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(from) * P1), 23) * P2 + P3
    from += 4
    rest -= 4
  }
  for (; rest > 0; rest--) {
    hash = rotl<u64>(hash ^ (<u64>load<u8>(from) * P5), 11) * P1
    from++
  }
  hash = (hash ^ (hash >> 33)) * P2
  hash = (hash ^ (hash >> 29)) * P3
  return hash ^ (hash >> 32)
}
