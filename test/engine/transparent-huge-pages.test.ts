import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { transparentHugePages } from '../../src/sqlite/platform/node/transparent-huge-pages.ts'

const pages = transparentHugePages()
const skip = pages ? false : 'no koffi here, or no Linux on x64 or arm64'

/** Mappings that Linux is to give huge pages. */
function advised(): number {
  return readFileSync('/proc/self/smaps', 'utf8').match(/^VmFlags:.* hg\b/gm)?.length ?? 0
}

test('Linux is told to give a memory huge pages, as far as it can grow', { skip }, t => {
  const before = advised()
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 1024 })
  const found = pages!(memory.buffer, 1024 * 65_536)
  if (!found) {
    t.skip('this kernel knows no huge pages')
    return
  }
  assert.equal(found.size, 2 ** 21)
  assert.ok(found.offset >= 0 && found.offset < found.size && found.offset % 4096 === 0)
  assert.ok(advised() > before)
  memory.grow(512)
  // Grown, it is one mapping still, and advised.
  const bytes = new Uint8Array(memory.buffer).fill(1)
  assert.equal(bytes.at(-1), 1)
})
