import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { importsOf, sources } from './imports.ts'

const { LANES, laneOf } = (await import(pathToFileURL(resolve('scripts/lanes.mjs')).href)) as {
  readonly LANES: Readonly<Record<string, readonly string[]>>
  readonly laneOf: (file: string) => string | undefined
}

const all = sources('test')
const tests = all.filter(file => file.endsWith('.test.ts'))
const lane = (file: string): string | undefined => laneOf(file.slice('test/'.length))

/** The files under test/ that a file imports, whatever lies between, and itself. */
const imported = (file: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(file) || !all.includes(file)) return seen
  seen.add(file)
  for (const { to } of importsOf(file)) imported(to, seen)
  return seen
}

test('every test file is in a lane', () => {
  assert.ok(tests.length > 100)
  assert.deepEqual(
    tests.filter(file => lane(file) === undefined),
    [],
    'add the folder to scripts/lanes.mjs',
  )
})

test('the table of lanes names files that exist, each once', () => {
  const beginnings = Object.values(LANES).flat()
  assert.deepEqual(
    beginnings.filter(beginning => !tests.some(file => file.startsWith(`test/${beginning}`))),
    [],
  )
  assert.equal(new Set(beginnings).size, beginnings.length)
})

test('exactly the tests that can start a database server are in the lane of servers', () => {
  const starting = tests.filter(file =>
    [...imported(file)].some(used => /^test\/servers\/(mariadb|postgres|galera)\.ts$/.test(used)),
  )
  assert.deepEqual(
    tests.filter(file => lane(file) === 'servers'),
    starting,
  )
})

test('a unit test starts no process', () => {
  const starting = tests.filter(
    file =>
      lane(file) === 'unit' &&
      [...imported(file)].some(used =>
        /from 'node:child[_]process'/.test(readFileSync(used, 'utf8')),
      ),
  )
  assert.deepEqual(starting, [])
})

test('CONTRIBUTING.md names every lane, and only scripts that exist', () => {
  const page = readFileSync('CONTRIBUTING.md', 'utf8')
  const rows = Array.from(page.matchAll(/^\| (\w+) \| .*`.*` \|$/gm), ([, name]) => name)
  assert.deepEqual(rows, Object.keys(LANES))
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }
  const named = Array.from(page.matchAll(/npm run ([\w:]*\w)/g), ([, name]) => name)
  assert.ok(named.length > 5)
  const known = Object.keys(scripts)
  assert.deepEqual(
    named.filter(name => !known.some(script => script === name || script.startsWith(`${name}:`))),
    [],
  )
})
