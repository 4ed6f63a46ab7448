import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Utf8 } from '../../../src/core/utf8.ts'
import { open } from '../../../src/entries/main.ts'
import { textElements } from '../../../src/search/memory/columns/json-cells.ts'

/** The deepest nesting that SQLite reads. */
const DEEPEST = 1000

test('the texts of an array are those of json_each(), and none where SQLite finds it nested too deeply', async () => {
  using db = await open(':memory:')
  const isValid = db.prepare('SELECT json_valid(?)').pluck()
  const each = db.prepare("SELECT value FROM json_each(?) WHERE type = 'text'").pluck()
  // Brackets in a string are no nesting.
  const beside = `"${'[{\\"'.repeat(DEEPEST)}"`
  for (const depth of [1, DEEPEST - 1, DEEPEST, DEEPEST + 1, DEEPEST + 2, 100_000]) {
    for (const [left, right] of [
      ['[', ']'],
      ['{"a":', '}'],
    ]) {
      const json = `[${beside},${left.repeat(depth - 1)}1${right.repeat(depth - 1)}]`
      const valid = isValid.get(json) === 1
      assert.equal(valid, depth <= DEEPEST)
      const expected = valid ? each.all(json) : []
      assert.deepEqual(textElements(new Utf8(Buffer.from(json))), expected, `${left} ${depth}`)
    }
  }
})
