import assert from 'node:assert/strict'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { Arena } from '../../src/accelerators/arena.ts'
import { ByteSet } from '../../src/accelerators/byte-set.ts'
import { random } from '../indexes/random.ts'
import { seededTest } from '../seed.ts'

const test = seededTest('INDEX_SEED')

for (const accelerator of Object.values(ACCELERATORS)) {
  test(`a kernel tells which bytes are in a set: ${accelerator.name}`, () => {
    const r = random(1)
    const arena = new Arena(accelerator)
    const { address } = arena.allocate(4096)
    const set = address + 2048
    const out = address + 2560
    for (let trial = 0; trial < 50; trial++) {
      const members = new Set(Array.from({ length: r.below(257) }, () => r.below(256)))
      const bytes = Array.from({ length: 512 }, (_, i) => (trial === 0 ? i % 256 : r.below(256)))
      arena.u8.set(bytes, address)
      arena.u8.fill(0, set, set + 32)
      for (const member of members) arena.u8[set + (member >>> 3)] |= 1 << (member & 7)
      arena.kernels.selectBytes(address, 16, set, out)
      for (const [i, byte] of bytes.entries()) {
        const bit = (arena.u32[out / 4 + (i >>> 5)] >>> (i & 31)) & 1
        assert.equal(bit === 1, members.has(byte), `byte ${byte} at ${i}`)
      }
    }
  })
}

test('bits are set for the bytes that are in a set, and none behind the last byte', () => {
  const r = random(2)
  for (const count of [0, 1, 31, 32, 33, 4096, 65_535, 65_536, 65_537, 140_000]) {
    const bytes = Uint8Array.from({ length: count + 7 }, () => r.below(256))
    const members = new ByteSet()
    const wanted = new Set<number>()
    for (let i = r.below(256); i >= 0; i--) {
      const byte = r.below(256)
      members.add(byte)
      wanted.add(byte)
    }
    assert.equal(members.size, wanted.size)
    const words = new Uint32Array(((count + 31) >>> 5) + 2)
    members.select(bytes, count, words)
    const expected = new Uint32Array(words.length)
    for (let i = 0; i < count; i++) {
      if (wanted.has(bytes[i])) expected[i >>> 5] |= 1 << (i & 31)
    }
    assert.deepEqual(words, expected, `${count} bytes`)
  }
})
