import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const readme = readFileSync('README.md', 'utf8')

test('the example in README prints what README says', () => {
  const [, example] = /```ts\n([^]*?)```/.exec(readme)!
  const main = pathToFileURL(resolve('dist/src/main.js')).href
  const folder = mkdtempSync(join(tmpdir(), 'readme-'))
  try {
    const file = join(folder, 'example.mjs')
    writeFileSync(file, example.replace("'sqlite-vec-ts'", `'${main}'`))
    const printed = execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' })
    const promised = Array.from(example.matchAll(/^\/\/ (.*)$/gm), match => match[1]).join('\n')
    assert.notEqual(promised, '')
    assert.equal(printed.replace(/\s+/g, ' '), `${promised}\n`.replace(/\s+/g, ' '))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('README names only scripts that there are', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = [...readme.matchAll(/npm (?:run )?(demo|test|bench|check|[a-z]+:[a-z]+)\b/g)]
  assert.ok(named.length > 0)
  for (const [, name] of named) assert.ok(name in scripts, name)
})
