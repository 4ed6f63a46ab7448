import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadEngine } from '../../../src/entries/engine.ts'
import { KnownTexts } from '../../../src/sqlite/wasm/known-texts.ts'
import { loadedSqlite } from '../../../src/sqlite/wasm/wasm.ts'

await loadEngine()

test('a text is decoded once, while the same text is at its address', () => {
  const sqlite = loadedSqlite()
  const decoded: number[] = []
  const texts = new KnownTexts(sqlite, bytes => {
    decoded.push(bytes.length)
    return new TextDecoder().decode(bytes)
  })
  const p = sqlite.alloc(100)
  const write = (text: string): void => {
    sqlite.u8[p + sqlite.writeText(text, p)] = 0
  }
  const given = [
    '/tmp/a.sqlite',
    '/tmp/b.sqlite',
    '/tmp/b.sqlit',
    '/tmp/b.sqlite-wal',
    'abc',
    'ab',
    '',
  ]
  try {
    for (const text of given) {
      write(text)
      assert.equal(texts.read(p), text)
      assert.equal(texts.read(p), text)
    }
    // Texts of less than three characters are decoded each time.
    assert.deepEqual(decoded, [13, 13, 12, 17, 3, 2, 2, 0, 0])
    assert.equal(texts.read(0), '')
  } finally {
    sqlite.free(p)
  }
})

test('text that is not UTF-8 is read as U+FFFD unless told otherwise', () => {
  const sqlite = loadedSqlite()
  const p = sqlite.alloc(10)
  try {
    sqlite.u8.set([97, 255, 98, 99, 0], p)
    assert.equal(new KnownTexts(sqlite).read(p), 'a\ufffdbc')
  } finally {
    sqlite.free(p)
  }
})
