import type { Views } from './views.ts'

const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

/** The reference of assembly/hash.ts: xxHash64, seed 0, four 64-bit lanes at `state`. */
export function hashStart({ u8 }: Views, state: number): void {
  const view = new DataView(u8.buffer)
  view.setBigUint64(state, wrap(P1 + P2), true)
  view.setBigUint64(state + 8, P2, true)
  view.setBigUint64(state + 16, 0n, true)
  view.setBigUint64(state + 24, wrap(-P1), true)
}

export function hashStripes({ u8 }: Views, state: number, from: number, size: number): void {
  const view = new DataView(u8.buffer)
  for (let lane = 0; lane < 32; lane += 8) {
    let value = view.getBigUint64(state + lane, true)
    for (let at = from + lane; at < from + size; at += 32) {
      value = round(value, view.getBigUint64(at, true))
    }
    view.setBigUint64(state + lane, value, true)
  }
}

export function hashFinish(
  { u8 }: Views,
  state: number,
  from: number,
  rest: number,
  size: bigint,
): bigint {
  const view = new DataView(u8.buffer)
  let hash = P5
  if (size >= 32n) {
    const lanes = [0, 8, 16, 24].map(lane => view.getBigUint64(state + lane, true))
    const [a, b, c, d] = lanes
    hash = wrap(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n))
    for (const lane of lanes) hash = wrap((hash ^ round(0n, lane)) * P1 + P4)
  }
  hash = wrap(hash + size)
  let at = from
  const end = from + rest
  for (; end - at >= 8; at += 8) {
    hash = wrap(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4)
  }
  if (end - at >= 4) {
    hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3)
    at += 4
  }
  for (; at < end; at++) hash = wrap(rotate(hash ^ wrap(BigInt(u8[at]) * P5), 11n) * P1)
  hash = wrap((hash ^ (hash >> 33n)) * P2)
  hash = wrap((hash ^ (hash >> 29n)) * P3)
  return hash ^ (hash >> 32n)
}

function round(lane: bigint, word: bigint): bigint {
  return wrap(rotate(wrap(lane + word * P2), 31n) * P1)
}

function rotate(value: bigint, bits: bigint): bigint {
  return wrap(value << bits) | (value >> (64n - bits))
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}
