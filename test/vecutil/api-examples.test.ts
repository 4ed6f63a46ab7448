import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TextHit } from '../../src/vecutil.ts'

const door = (name: string) => new URL(`../../src/${name}.js`, import.meta.url).href

test('the example of vecutil in docs/api.md runs as it stands', async () => {
  const text = readFileSync('docs/api.md', 'utf8')
  const [, code] = /```ts\n([^]*?)```/.exec(text)!
  const module = `${code}\nexport { nearest }`
    .replace("'sqlite-vec-ts'", `'${door('main')}'`)
    .replace("'sqlite-vec-ts/vecutil'", `'${door('vecutil')}'`)
  const { nearest } = (await import(`data:text/javascript,${encodeURIComponent(module)}`)) as {
    nearest: TextHit
  }
  assert.equal(nearest.id, 'a')
  assert.equal(nearest.content, 'short')
  assert.ok(Math.abs(nearest.score - 1) < 1e-6)
})
