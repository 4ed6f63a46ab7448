import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_LOCK, SHARED_LOCK } from '../../../src/sqlite/vfs/file-locks.ts'
import { ReadAhead } from '../../../src/sqlite/vfs/read-ahead.ts'
import type { VfsFile } from '../../../src/sqlite/vfs/vfs.ts'

const PAGE = 4096
const AHEAD = 1 << 18

/** A file of numbered bytes that counts its reads. */
class CountingFile implements Pick<VfsFile, 'lockLevel' | 'read'> {
  lockLevel: number = SHARED_LOCK
  readonly reads: [offset: number, bytes: number][] = []
  readonly content: Uint8Array
  /** Reads of at least so many bytes fail half-way. */
  failsFrom = Infinity

  constructor(size: number, salt = 0) {
    this.content = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8) + salt) & 0xff)
  }

  read(into: Uint8Array, offset: number): number {
    if (into.length >= this.failsFrom) {
      into.fill(0xee, 0, into.length / 2)
      throw new Error('EIO')
    }
    const part = this.content.subarray(offset, offset + into.length)
    into.set(part)
    this.reads.push([offset, into.length])
    return part.length
  }
}

/** Reads a page as the adapter does: ahead, or else from the file itself. */
function page(ahead: ReadAhead, file: CountingFile, number: number): boolean {
  const into = new Uint8Array(PAGE)
  const from = number * PAGE
  const served = ahead.read(file as unknown as VfsFile, into, from)
  if (!served) file.read(into, from)
  assert.deepEqual(into, file.content.slice(from, from + PAGE), `page ${number}`)
  return served
}

test('pages read from front to back come from a few large reads', () => {
  const file = new CountingFile(100 * PAGE)
  const ahead = new ReadAhead()
  for (let number = 0; number < 100; number++) page(ahead, file, number)
  assert.ok(file.reads.length < 10, `${file.reads.length} reads`)
  assert.ok(file.reads.some(([, bytes]) => bytes === AHEAD))
})

test('pages here and there are read one by one', () => {
  const file = new CountingFile(300 * PAGE)
  const ahead = new ReadAhead()
  const numbers = Array.from({ length: 60 }, (_, i) => (i * 97) % 300)
  for (const number of numbers) page(ahead, file, number)
  assert.ok(file.reads.every(([, bytes]) => bytes === PAGE))
})

test('a run goes on over a small gap, and ends with a jump back', () => {
  const file = new CountingFile(300 * PAGE)
  const ahead = new ReadAhead()
  const served = [0, 1, 3, 5, 7, 9].map(number => page(ahead, file, number))
  assert.equal(served.at(-1), true)
  assert.equal(page(ahead, file, 250), false)
  assert.equal(page(ahead, file, 200), false)
})

test('without a lock nothing is kept', () => {
  const file = new CountingFile(20 * PAGE)
  const ahead = new ReadAhead()
  file.lockLevel = NO_LOCK
  for (let number = 0; number < 20; number++) assert.equal(page(ahead, file, number), false)
})

test('what was written is read again after forget', () => {
  const file = new CountingFile(100 * PAGE)
  const ahead = new ReadAhead()
  for (let number = 0; number < 10; number++) page(ahead, file, number)
  file.content.fill(1)
  ahead.forget(file as unknown as VfsFile)
  for (let number = 0; number < 20; number++) page(ahead, file, number)
})

test('a second file never gets bytes of the first', () => {
  const [one, two] = [new CountingFile(100 * PAGE), new CountingFile(100 * PAGE, 3)]
  const ahead = new ReadAhead()
  for (let number = 0; number < 50; number++) {
    page(ahead, one, number)
    if (number % 10 === 0) page(ahead, two, number)
  }
})

test('the end of a file is for the caller to read', () => {
  const file = new CountingFile(10 * PAGE + 100)
  const ahead = new ReadAhead()
  for (let number = 0; number < 10; number++) page(ahead, file, number)
  const into = new Uint8Array(PAGE)
  assert.equal(ahead.read(file as unknown as VfsFile, into, 10 * PAGE), false)
})

test('a read that fails leaves no half-filled buffer behind', () => {
  const file = new CountingFile(100 * PAGE)
  const ahead = new ReadAhead()
  for (let number = 0; number < 4; number++) page(ahead, file, number)
  file.failsFrom = AHEAD
  let failed = 0
  for (let number = 60; number < 70; number++) {
    try {
      page(ahead, file, number)
    } catch (error) {
      assert.match(String(error), /EIO/)
      failed++
    }
  }
  assert.ok(failed > 0)
  file.failsFrom = Infinity
  for (let number = 60; number < 70; number++) page(ahead, file, number)
})
