import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fences, promised, squeezed } from './doc-example.ts'
import { ExampleFolder } from './example-folder.ts'

const readme = readFileSync('README.md', 'utf8')
const blocks = fences(readme)
const blockOf = (language: string) => blocks.find(({ info }) => info === language)!.code

/** Appends to the example before its connection is closed. */
const continued = (example: string, more: string) => example.replace('db.close()', more)

test('the example in README prints what README says', () => {
  const code = blockOf('ts')
  assert.notEqual(promised(code), '')
  using folder = new ExampleFolder()
  assert.equal(squeezed(folder.run(code)), squeezed(promised(code)))
})

test('the query behind it runs on the same file', () => {
  const code = blockOf('ts')
  const sql = blockOf('sql')
  using folder = new ExampleFolder()
  const printed = folder.run(
    continued(
      code,
      `db.exec("UPDATE _vec_vec_docs SET meta = '{\\"lang\\": \\"en\\"}' WHERE id = 'a'")
      console.log(JSON.stringify(db.prepare(${JSON.stringify(sql)}).raw().all(encodeEmbedding([0, 1]))))
      db.close()`,
    ),
  )
  assert.deepEqual(JSON.parse(printed.trim().split('\n').at(-1)!), [['a', 1]])
})

test('README names only scripts that there are', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = [...readme.matchAll(/npm (?:run )?(demo|test|bench|check|[a-z]+:[a-z]+)\b/g)]
  assert.ok(named.length > 0)
  for (const [, name] of named) assert.ok(name in scripts, name)
})
