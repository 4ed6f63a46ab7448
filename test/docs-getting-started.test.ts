import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fences, promised, squeezed } from './doc-example.ts'
import { ExampleFolder } from './example-folder.ts'

const examples = fences(readFileSync('docs/getting-started.md', 'utf8')).filter(
  ({ info }) => info === 'js',
)

test('the page has an example for each of its tasks', () => {
  assert.deepEqual(
    examples.map(({ section }) => section),
    ['Search for the first time', 'Search by text', 'Filter', 'Update and delete'],
  )
})

for (const { section, code, line } of examples) {
  test(`'${section}' prints what docs/getting-started.md says (line ${line})`, () => {
    assert.notEqual(promised(code), '')
    using folder = new ExampleFolder()
    assert.equal(squeezed(folder.run(code)), squeezed(promised(code)))
  })
}
