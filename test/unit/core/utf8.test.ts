import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUtf8, Utf8 } from '../../../src/core/utf8.ts'

const encoder = new TextEncoder()

test('text of any length is read from where it lies', () => {
  for (let length = 0; length < 70; length++) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode(33 + ((i * 7) % 90))).join('')
    const bytes = encoder.encode(`<${text}>`)
    assert.equal(readUtf8(bytes, 1, 1 + length), text)
  }
})

test('a character beyond ASCII is read at every place', () => {
  for (const length of [1, 3, 4, 7, 8, 15, 31, 32, 33]) {
    for (let at = 0; at < length; at++) {
      const text = `${'a'.repeat(at)}ü${'b'.repeat(length - at - 1)}`
      assert.equal(String(new Utf8(encoder.encode(text))), text)
    }
  }
})

test('what is not UTF-8 becomes U+FFFD, and a byte order mark is a character', () => {
  assert.equal(readUtf8(Uint8Array.of(97, 0x80, 98), 0, 3), 'a\ufffdb')
  assert.equal(String(new Utf8(encoder.encode('\ufeffa'))), '\ufeffa')
})
