import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareBytes, IdTable } from '../../../src/core/id-table.ts'
import { seededTest } from '../../seed.ts'

const encoder = new TextEncoder()

function encode(text: string): Uint8Array {
  return encoder.encode(text)
}

function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

seededTest('STORE_SEED')(
  'ids are found where they are, through every order of changes',
  (_t, seed) => {
    const random = randomFrom(seed)
    const table = new IdTable()
    const live = new Map<string, number>()
    const free: number[] = []
    const dead = new Set<number>()
    table.isLive = position => !dead.has(position)
    for (let step = 0; step < 20_000; step++) {
      const id = `é${'x'.repeat(Math.floor(random() ** 4 * 300))}${Math.floor(random() * 3000)}`
      const position = live.get(id)
      assert.equal(table.find(encode(id)), position ?? -1)
      if (position !== undefined) {
        table.forget(position)
        dead.add(position)
        live.delete(id)
        free.push(position)
      } else if (free.length > 0 && random() < 0.7) {
        const reused = free.pop()!
        dead.delete(reused)
        table.reuse(reused, encode(id))
        live.set(id, reused)
      } else {
        live.set(id, table.append(encode(id)))
      }
    }
    for (const [id, position] of live) {
      assert.equal(compareBytes(table.idAt(position), encode(id)), 0)
      assert.equal(table.find(encode(id)), position)
    }
    const { pool, starts } = table.save()
    const restored = IdTable.restore(pool.slice(), starts.slice())
    assert.ok(restored)
    restored.isLive = position => !dead.has(position)
    for (const [id, position] of live) assert.equal(restored.find(encode(id)), position)
  },
)

test('a pool that ends too early gives no table', () => {
  const table = new IdTable()
  for (const id of ['a', 'bb', 'c'.repeat(400)]) table.append(encode(id))
  const { pool, starts } = table.save()
  assert.ok(IdTable.restore(pool.slice(), starts.slice()))
  for (let length = 0; length < pool.length; length++) {
    assert.equal(IdTable.restore(pool.slice(0, length), starts.slice()), undefined)
  }
  assert.equal(IdTable.restore(pool.slice(), Uint32Array.of(0, pool.length)), undefined)
  assert.equal(IdTable.restore(pool.slice(), Uint32Array.of(0xffffffff)), undefined)
})

test('ids compare in byte order, a shorter one before what it begins', () => {
  assert.ok(compareBytes(encode('a'), encode('b')) < 0)
  assert.ok(compareBytes(encode('a'), encode('aa')) < 0)
  // U+FFFF comes before U+10000 in UTF-8, and behind it in UTF-16.
  assert.ok(compareBytes(encode('\uFFFF'), encode('\u{10000}')) < 0)
  assert.equal(compareBytes(encode(''), encode('')), 0)
})
