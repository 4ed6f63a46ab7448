import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { Arena } from '../../src/accelerators/arena.ts'
import { checksum } from '../../src/accelerators/checksum.ts'

// Published values of xxHash64 with seed 0.
const vectors: readonly [text: string, hash: bigint][] = [
  ['', 0xef46db3751d8e999n],
  ['a', 0xd24ec4f1a98c6e5bn],
  ['as', 0x1c330fb2d66be179n],
  ['asd', 0x631c37ce72a97393n],
  ['asdf', 0x415872f599cea71en],
  ['abc', 0x44bc2cf5ad770999n],
  ['The quick brown fox jumps over the lazy dog', 0x0b242d361fda71bcn],
  ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
  ['Call me Ishmael. Some years ago--never mind how long precisely-', 0x02a2e85470d6fd96n],
]

for (const accelerator of Object.values(ACCELERATORS)) {
  describe(`xxHash64, ${accelerator.name}`, () => {
    const arena = new Arena(accelerator)

    for (const [text, hash] of vectors) {
      test(`${JSON.stringify(text)} has its published hash`, () => {
        assert.equal(checksum(new TextEncoder().encode(text), arena), hash)
      })
    }

    test('bytes in an arena and elsewhere have one hash, at any length and offset', () => {
      const other = new Arena(ACCELERATORS.simd)
      for (const length of [1, 4, 7, 8, 31, 32, 33, 63, 64, 100, 65_535, 65_536, 65_537, 200_003]) {
        const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8)) & 255)
        const block = arena.allocate(length + 3)
        arena.u8.set(bytes, block.address + 3)
        const hash = checksum(bytes, arena)
        const inside = arena.u8.subarray(block.address + 3, block.address + 3 + length)
        assert.equal(checksum(inside), hash)
        assert.equal(checksum(inside, other), hash)
        assert.equal(checksum(bytes, other), hash)
        bytes[length >>> 1] ^= 1
        assert.notEqual(checksum(bytes, arena), hash)
        block.free()
      }
    })
  })
}
