import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { FEW, fileFacts } from '../../../src/sqlite/platform/node/file-facts.ts'

test('a few bytes are read at any offset, fewer at the end of the file, and an error is thrown', () => {
  const folder = mkdtempSync(join(tmpdir(), 'file-facts-'))
  const path = join(folder, 'some bytes')
  const facts = fileFacts()
  assert.equal(facts.isMissing(path), true)
  writeFileSync(
    path,
    Uint8Array.from({ length: 100 }, (_, i) => i),
  )
  assert.equal(facts.isMissing(path), false)
  const fd = openSync(path, 'r')
  try {
    assert.equal(facts.size(fd), 100)
    const into = new Uint8Array(FEW).fill(255)
    assert.equal(facts.readFew(fd, into.subarray(0, 16), 24), 16)
    assert.deepEqual([...into.subarray(14, 18)], [38, 39, 255, 255])
    assert.equal(facts.readFew(fd, into, 90), 10)
    assert.deepEqual([...into.subarray(0, 11)], [90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 34])
    assert.equal(facts.readFew(fd, into, 100), 0)
    assert.throws(() => facts.readFew(fd, into, -5), /EINVAL|out of range|invalid/i)
  } finally {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  }
})
