import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

// What a program loads for each entry point of the package: its file, and the files that those import at once.

const PAGE = 'docs/runtimes/bundlers.md'
const HEAD = '| entry point | Node, kB | browser, kB |\n|---|---|---|\n'
/** How far a figure of the page may be from what is built. */
const SLACK = 0.1
const IMPORT = /(?:^|[;}\n])\s*(?:import|export)(?:[^'"();]*?from)?\s*"(\.\/[^"]+\.js)"/g

type Target = string | Readonly<Record<string, string>>
const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Readonly<Record<string, Target>>
}

function filesOf(file: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  for (const [, path] of readFileSync(file, 'utf8').matchAll(IMPORT))
    filesOf(join(dirname(file), path), found)
  return found
}

/** The size of a file and of all that it imports, each compressed by gzip, in kB. */
function kB(file: string): number {
  const sizes = [...filesOf(file)].map(each => gzipSync(readFileSync(each), { level: 9 }).length)
  return sizes.reduce((sum, size) => sum + size, 0) / 1000
}

const rows = Object.entries(exports).flatMap(([door, target]) => {
  if (typeof target === 'string') return []
  const name = door === '.' ? 'sqlite-vec-ts' : `sqlite-vec-ts${door.slice(1)}`
  const browser = target['browser']
  return [
    { name, node: kB(target['default']), browser: browser === undefined ? undefined : kB(browser) },
  ]
})

const nodeSize = (door: string): number => rows.find(({ name }) => name.endsWith(door))!.node

test('docs/runtimes/bundlers.md has the size of each entry point', () => {
  const page = readFileSync(PAGE, 'utf8')
  const [before, rest] = page.split(HEAD)
  assert.ok(rest !== undefined, 'the page lacks the table')
  const table = rest.slice(0, rest.indexOf('\n\n') + 1)
  if (process.env['UPDATE_DOCS'] === '1') {
    const lines = rows.map(
      ({ name, node, browser }) =>
        `| \`${name}\` | ${Math.round(node)} | ${browser === undefined ? '' : Math.round(browser)} |\n`,
    )
    writeFileSync(PAGE, before + HEAD + lines.join('') + rest.slice(table.length))
    return
  }
  const said = new Map(
    [...table.matchAll(/^\| `([^`]+)` \| (\d+) \| (\d*) \|$/gm)].map(([, name, node, browser]) => [
      name,
      { node: Number(node), browser: browser === '' ? undefined : Number(browser) },
    ]),
  )
  assert.deepEqual(
    [...said.keys()],
    rows.map(({ name }) => name),
  )
  for (const { name, ...sizes } of rows) {
    for (const platform of ['node', 'browser'] as const) {
      const [is, says] = [sizes[platform], said.get(name)![platform]]
      assert.equal(is === undefined, says === undefined, `${name}, ${platform}`)
      if (is === undefined || says === undefined) continue
      assert.ok(
        Math.abs(is - says) <= 1 + SLACK * is,
        `${name}, ${platform}: ${is} kB, not ${says}`,
      )
    }
  }
})

test('the files of an entry point are found, and files that are loaded later are not', () => {
  assert.ok(nodeSize('/embedder') < 20)
  assert.ok(nodeSize('/mcp') > nodeSize('/embedder'))
})
