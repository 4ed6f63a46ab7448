import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { howTos, runHowTo } from './how-to.ts'

describe('docs/how-to/', () => {
  const index = readFileSync('docs/README.md', 'utf8')

  for (const page of howTos) {
    test(`${page.path} is in the index and begins with its task`, () => {
      assert.match(page.path, /^docs\/how-to\/[a-z0-9-]+\.md$/)
      assert.ok(index.includes(`](${page.path.slice('docs/'.length)})`), 'docs/README.md misses it')
      assert.match(page.text, /^# (?!How)[A-Z]/)
      assert.ok(page.blocks.length > 0, 'a page has an example')
    })

    // test/sync/how-to.test.ts runs the pages that need a server.
    if (page.servers.size > 0) continue
    test(`${page.path} prints what it says`, () => runHowTo(page))
  }
})
