import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arena } from '../../src/accelerators/arena.ts'
import { setLargePages } from '../../src/accelerators/large-pages.ts'

const SIZE = 2 ** 21

test('a large memory asks for large pages once and ends with one; a small one does not ask', () => {
  const asked: number[] = []
  const offset = 3 * 65_536
  setLargePages((_memory, bytes) => {
    asked.push(bytes)
    return { offset, size: SIZE }
  })
  const arena = new Arena()
  arena.allocate(1_000_000)
  assert.deepEqual(asked, [])
  arena.allocate(6_000_000)
  assert.equal(asked.length, 1)
  assert.ok(asked[0] >= arena.bytes, 'as far as the memory can grow')
  assert.equal((arena.bytes + offset) % SIZE, 0)
  const { bytes } = arena
  // There is room on the last page.
  arena.allocate(bytes - 7_200_000)
  assert.equal(arena.bytes, bytes)
  arena.allocate(SIZE)
  assert.equal(arena.bytes, bytes + SIZE)
  assert.equal(asked.length, 1)
})

test('where there are none a memory is as long as it has to be', () => {
  setLargePages(() => undefined)
  const arena = new Arena()
  arena.allocate(6_000_000)
  assert.ok(arena.bytes < 6_000_000 + 3 * 65_536)
})
