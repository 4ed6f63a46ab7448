import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fences, promised, squeezed } from './doc-example.ts'
import { ExampleFolder } from './example-folder.ts'

for (const { section, code, line } of fences(readFileSync('docs/better-sqlite3.md', 'utf8'))) {
  test(`'${section}' prints what docs/better-sqlite3.md says (line ${line})`, () => {
    assert.notEqual(promised(code), '')
    using folder = new ExampleFolder()
    assert.equal(squeezed(folder.run(code)), squeezed(promised(code)))
  })
}
