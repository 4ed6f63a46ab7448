import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

/** The compressed size of the scripts and styles in a folder, in kB. */
function kB(folder: string): number {
  const files = readdirSync(folder).filter(file => /\.(js|css|html)$/.test(file))
  const sizes = files.map(file => gzipSync(readFileSync(`${folder}/${file}`), { level: 9 }).length)
  return sizes.reduce((sum, size) => sum + size, 0) / 1000
}

test('the page for static hosts is at most 270 kB, its SQLite and its sample aside', () => {
  assert.ok(kB('dist/playground') <= 270, `${kB('dist/playground')} kB`)
})

test('the page that the package ships is at most 20 kB', () => {
  assert.ok(kB('dist/lib/ui-page') <= 20, `${kB('dist/lib/ui-page')} kB`)
})
