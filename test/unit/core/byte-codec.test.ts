import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteReader } from '../../../src/core/byte-reader.ts'
import { ByteWriter } from '../../../src/core/byte-writer.ts'
import { VecError } from '../../../src/entries/main.ts'

function refuses(read: () => unknown, message: RegExp): void {
  assert.throws(
    read,
    (error: unknown) =>
      error instanceof VecError && error.code === 'VEC_STORAGE' && message.test(error.message),
  )
}

test('what was written is read back, little-endian, also while the buffer grows', () => {
  for (const capacity of [0, 1, 7, 18, 256]) {
    const writer = new ByteWriter(capacity)
    writer.u8(0xab)
    writer.u32(0xfffffffe)
    writer.i32(-2)
    writer.f32(1.5)
    writer.bytes(Uint8Array.of(1, 2, 3, 4, 5))
    assert.equal(writer.length, 18)
    const bytes = writer.finish()
    assert.equal(Buffer.from(bytes).toString('hex'), 'abfefffffffeffffff0000c03f0102030405')
    const reader = new ByteReader(bytes, 'test')
    assert.equal(reader.u8('a'), 0xab)
    assert.equal(reader.u32('b'), 0xfffffffe)
    assert.equal(reader.i32('c'), -2)
    assert.equal(reader.f32('d'), 1.5)
    assert.deepEqual(reader.bytes(5, 'e'), Uint8Array.of(1, 2, 3, 4, 5))
    assert.equal(reader.remaining, 0)
  }
})

test('the reader stays inside a view into a larger buffer', () => {
  const all = Uint8Array.of(9, 9, 1, 0, 0, 0, 9, 9)
  const reader = new ByteReader(all.subarray(2, 6), 'test')
  assert.equal(reader.u32('a number'), 1)
  refuses(() => reader.u8('a flag'), /^test: a flag at byte 4 needs 1 bytes, 0 are left$/)
})

test('a read past the end is refused and moves nothing', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3), 'test')
  refuses(() => reader.u32('a number'), /^test: a number at byte 0 needs 4 bytes, 3 are left$/)
  refuses(() => reader.i32('a number'), /needs 4/)
  refuses(() => reader.f32('a number'), /needs 4/)
  refuses(() => reader.bytes(0xffffffff, 'an id'), /needs 4294967295 bytes/)
  refuses(() => reader.skip(4, 'an id'), /needs 4/)
  refuses(() => reader.need(2 ** 60, 'rows'), /^test: rows at byte 0/)
  assert.equal(reader.offset, 0)
  reader.skip(3, 'all')
  assert.equal(reader.offset, 3)
})
