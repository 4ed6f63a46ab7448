import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createCoverIndex } from '../../src/entries/indexes.ts'
import type { VectorIndex } from '../../src/entries/indexes.ts'

const door = new URL('../../src/entries/indexes.js', import.meta.url).href

const folder = mkdtempSync(join(tmpdir(), 'auto-example-'))
after(() => rmSync(folder, { recursive: true }))

interface Outcome {
  readonly auto: VectorIndex
  readonly better: VectorIndex | undefined
  readonly printed: readonly unknown[]
}

/** The example of docs/cover-tree.md with its rows on a curve. */
async function example(rows: number): Promise<Outcome> {
  const text = readFileSync('docs/cover-tree.md', 'utf8')
  const code = Array.from(text.matchAll(/```ts\n([^]*?)```/g), found => found[1]).find(block =>
    block.includes('createAutoIndex'),
  )
  assert.ok(code)
  const module = `
    import { createAutoIndex } from '${door}'
    const rows = ${rows}
    const vectors = Float32Array.from({ length: rows * 64 }, (_, i) => Math.sin((i >> 6) / rows * (1 + i % 64)))
    const printed = []
    const console = { log: (...what) => printed.push(...what) }
    ${code}
    export { auto, better, printed }`
  // A file: Bun imports no modules by data URLs.
  const file = join(folder, `example-${rows}.mjs`)
  writeFileSync(file, module)
  return (await import(pathToFileURL(file).href)) as Outcome
}

test('the example of docs/cover-tree.md builds a tree where it pays, and says why', async () => {
  const few = await example(500)
  assert.deepEqual(few.printed, ['exact', '500 rows of 64 dimensions are few: all are scanned'])
  const many = await example(6000)
  assert.equal(many.better, undefined)
  assert.equal(many.printed[0], 'cover')
  assert.match(String(many.printed[1]), /^6000 rows of about 1\.\d dimensions: a search visits/)
  const query = Float32Array.from({ length: 64 }, (_, i) => Math.sin(0.5 * (1 + i)))
  const tree = createCoverIndex({ metric: 'euclidean', dim: 64 })
  for (let p = 0; p < 6000; p++) {
    tree.stagingBuffer(1).set(many.auto.inMemoryVectors!.row(p))
    tree.commit(1)
  }
  const expected = tree.search({ query, k: 10 })
  const found = many.auto.search({ query, k: 10 })
  assert.deepEqual(
    Array.from(found.positions.subarray(0, found.count)),
    Array.from(expected.positions.subarray(0, expected.count)),
  )
  assert.equal(found.positions[0], 3000)
  for (const index of [few.auto, many.auto, tree]) index.dispose()
})
