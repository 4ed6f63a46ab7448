import assert from 'node:assert/strict'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { Arena, arenaOf, sharedArena } from '../../src/accelerators/arena.ts'
import type { Block } from '../../src/accelerators/arena.ts'
import { random } from '../indexes/random.ts'
import { seededTest } from '../seed.ts'

const test = seededTest('INDEX_SEED')

test('blocks are aligned, large enough, and never overlap', () => {
  const arena = new Arena()
  const r = random(1)
  const live: { block: Block; size: number; mark: number }[] = []
  const check = ({ block, mark, size }: (typeof live)[number]): void => {
    const { u8 } = arena
    for (let i = 0; i < size; i++) {
      if (u8[block.address + i] !== mark) assert.fail(`byte ${i} of a block was overwritten`)
    }
  }
  for (let round = 0; round < 3000; round++) {
    const what = r.below(4)
    if (what < 2) {
      const size = 1 + r.below(r.next() < 0.05 ? 200_000 : 3000)
      const block = arena.allocate(size)
      assert.equal(block.address % 16, 0)
      assert.ok(block.size >= size && block.size < size + 64)
      const mark = r.below(256)
      arena.u8.fill(mark, block.address, block.address + size)
      live.push({ block, size, mark })
    } else if (live.length > 0) {
      const at = r.below(live.length)
      const piece = live[at]
      check(piece)
      if (what === 2) {
        const size = piece.size + r.below(2000)
        piece.block.ensure(size)
        check(piece)
        arena.u8.fill(piece.mark, piece.block.address, piece.block.address + size)
        piece.size = size
      } else {
        piece.block.free()
        live.splice(at, 1)
      }
    }
  }
  for (const piece of live) check(piece)
})

test('freed blocks are used again: the memory stays as large as the most that was held', () => {
  const arena = new Arena()
  const blocks = Array.from({ length: 100 }, () => arena.allocate(5000))
  const { bytes } = arena
  for (let round = 0; round < 50; round++) {
    for (const block of blocks.splice(0)) block.free()
    for (let i = 0; i < 100; i++) blocks.push(arena.allocate(5000))
  }
  assert.equal(arena.bytes, bytes)
})

test('blocks that grow by turns and are freed leave their space to the next', () => {
  const arena = new Arena()
  let most = 0
  for (let round = 0; round < 300; round++) {
    const one = arena.allocate(100)
    one.ensure(300_000)
    const other = arena.allocate(100)
    other.ensure(200_000)
    one.free()
    const third = arena.allocate(100)
    third.ensure(250_000)
    other.free()
    third.free()
    if (round === 2) most = arena.bytes
  }
  assert.equal(arena.bytes, most)
})

test('neighbours that are freed are given out in one piece', () => {
  const arena = new Arena()
  const blocks = Array.from({ length: 64 }, () => arena.allocate(64_000))
  const last = arena.allocate(64)
  const { bytes } = arena
  for (const i of [5, 3, 4, 6]) blocks[i].free()
  assert.equal(arena.allocate(256_000).address, blocks[3].address)
  // A block grows into what is free behind it.
  blocks[21].free()
  blocks[20].ensure(100_000)
  assert.equal(blocks[20].size, 100_032)
  assert.equal(arena.bytes, bytes)
  last.free()
})

test('the last block grows where it is', () => {
  const arena = new Arena()
  const block = arena.allocate(1000)
  const { address } = block
  block.ensure(3_000_000)
  assert.equal(block.address, address)
  assert.ok(arena.bytes < 3_200_000)
})

test('a view is of the memory as it is after growth', () => {
  const arena = new Arena()
  const old = arena.u8
  arena.allocate(1 << 20)
  assert.equal(old.length, 0)
  assert.ok(arena.u8.length > 1 << 20)
  assert.equal(arenaOf(arena.u8.subarray(5, 9)), arena)
  assert.equal(arenaOf(new Uint8Array(4)), undefined)
})

test('more than a memory can be is refused, and the arena stays usable', () => {
  const arena = new Arena()
  assert.throws(() => arena.allocate(2 ** 33), { name: 'VecError', code: 'VEC_MEMORY' })
  const block = arena.allocate(100)
  arena.u8.fill(7, block.address, block.address + 100)
})

test('small things share one arena', () => {
  assert.equal(sharedArena(), sharedArena())
  assert.notEqual(sharedArena(ACCELERATORS.scalar), sharedArena(ACCELERATORS.simd))
})
