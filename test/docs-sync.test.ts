import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const page = readFileSync('docs/sync.md', 'utf8')

const defects = Array.from(page.matchAll(/^\| (D\d+) \|.*\| ([^|]*) \|$/gm), ([, id, files]) => ({
  id,
  files: Array.from(files.matchAll(/`([a-z-]+)`/g), found => found[1]),
}))

/** Numbers in front of the names of a file's tests: D13 and D14 of 'D13, D14: a row ...'. */
function numbersOf(file: string): Set<string> {
  const text = readFileSync(`test/sync/${file}.test.ts`, 'utf8')
  const names = text.matchAll(/(?:test|describe)\(\s*['`]((?:[DT]\d+(?:, )?)+): /g)
  return new Set(Array.from(names, found => found[1].split(', ')).flat())
}

test('every defect of the original stands in docs/sync.md, each with the tests that name it', () => {
  assert.deepEqual(
    defects.map(({ id }) => id),
    Array.from({ length: 29 }, (_, i) => `D${i + 1}`),
  )
  for (const { id, files } of defects) {
    assert.ok(files.length > 0, id)
    for (const file of files) assert.ok(numbersOf(file).has(id), `${id}: no test of ${file}`)
  }
})

test('no test of a defect is left out of the table', () => {
  const files = new Set(defects.flatMap(defect => defect.files))
  assert.ok(files.size > 3)
  for (const file of files) {
    for (const id of numbersOf(file)) {
      if (id.startsWith('T')) continue
      const row = defects.find(defect => defect.id === id)
      assert.ok(row?.files.includes(file), `${id} of ${file}`)
    }
  }
})
