import { arenaOf, SCRATCH, sharedArena } from './arena.ts'
import type { Arena, Block } from './arena.ts'

const PIECE = 65536

/** xxHash64 of the bytes, with seed 0. Bytes in an arena are hashed in place. */
export function checksum(
  bytes: Uint8Array,
  arena: Arena = arenaOf(bytes) ?? sharedArena(),
): bigint {
  const { kernels } = arena
  const state = SCRATCH + arena.shift
  const whole = bytes.length - (bytes.length % 32)
  kernels.hashStart(state)
  let rest: number
  if (bytes.buffer === arena.u8.buffer) {
    kernels.hashStripes(state, bytes.byteOffset, whole)
    rest = bytes.byteOffset + whole
    return finish(arena, rest, bytes.length)
  }
  const block: Block = arena.allocate(PIECE)
  for (let at = 0; at < whole; at += PIECE) {
    const piece = bytes.subarray(at, Math.min(at + PIECE, whole))
    arena.u8.set(piece, block.address)
    kernels.hashStripes(state, block.address, piece.length)
  }
  arena.u8.set(bytes.subarray(whole), block.address)
  const hash = finish(arena, block.address, bytes.length)
  block.free()
  return hash
}

function finish({ kernels, shift }: Arena, rest: number, size: number): bigint {
  return BigInt.asUintN(64, kernels.hashFinish(SCRATCH + shift, rest, size % 32, BigInt(size)))
}
