import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { open } from '../src/entries/main.ts'
import { fences } from './doc-example.ts'
import { ExampleFolder } from './example-folder.ts'
import { howTos } from './how-to.ts'
import { runtimePages } from './runtimes/pages.ts'

/** Which test runs the fenced blocks of a page, by what stands behind their backquotes; or why none does. */
const RUN: Readonly<Record<string, Readonly<Record<string, { by: string } | { not: string }>>>> = {
  'README.md': {
    ts: { by: 'test/readme.test.ts' },
    sql: { by: 'test/readme.test.ts' },
    sh: { not: 'they install and test the package itself; that the scripts exist is tested' },
  },
  'ARCHITECTURE.md': { '': { not: 'a drawing; test/layers.test.ts holds what it shows' } },
  'CONTRIBUTING.md': { sh: { by: 'test/lanes.test.ts' } },
  'docs/api.md': { js: { by: 'test/docs-api.test.ts' } },
  'docs/better-sqlite3.md': { js: { by: 'test/docs-better-sqlite3.test.ts' } },
  'docs/cli.md': {
    console: { by: 'test/cli/docs-cli.test.ts' },
    text: { by: 'test/cli/docs-cli.test.ts' },
  },
  'docs/approximate-search.md': { '': { not: 'formulas' } },
  'docs/cover-tree.md': { ts: { by: 'test/docs-examples.test.ts' } },
  'docs/exact-index.md': { '': { not: 'pseudo-code' } },
  'docs/getting-started.md': {
    js: { by: 'test/docs-getting-started.test.ts' },
    sh: { not: 'it installs the package; test/package.test.ts does that with a packed copy' },
  },
  'docs/INGESTION.md': { sql: { by: 'test/sync/ingestion.test.ts' } },
  'docs/migrating.md': {
    js: { by: 'test/docs-migrating.test.ts' },
    sql: { by: 'test/docs-migrating.test.ts' },
    sh: { by: 'test/docs-migrating.test.ts' },
  },
  'docs/original-formats.md': { '': { by: 'test/original/formats.test.ts' } },
  'docs/trials.md': {
    text: {
      not: 'transcripts of one day; test/docs-how-to.test.ts runs the pages that they follow',
    },
  },
  'docs/sql.md': { sql: { by: 'test/docs-sql.test.ts' } },
  'docs/sync.md': {
    js: { by: 'test/sync/first-minutes.test.ts' },
    text: { by: 'test/sync/first-minutes.test.ts' },
    ts: { by: 'test/docs-examples.test.ts' },
    console: { by: 'test/cli/sync-transcript.test.ts' },
    json: { by: 'test/docs-examples.test.ts' },
    '': { not: 'a drawing' },
  },
}

/** The pages but those of docs/how-to/ and docs/runtimes/, which test/how-to.ts and test/runtimes/ run whole. */
const single = [
  ...readdirSync('.').filter(name => name.endsWith('.md')),
  ...readdirSync('docs')
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]
const pages = [...single, ...runtimePages, ...howTos.map(({ path }) => path)]

const read = (path: string) => readFileSync(path, 'utf8')
/** Blocks of a page in a language, in their order. */
const blocksOf = (path: string, language: string) =>
  fences(read(path))
    .filter(({ info }) => info.split(' ')[0] === language)
    .map(({ code }) => code)

test('every block of every page is run by a test, or it is said why not', () => {
  const found = new Set<string>()
  for (const page of single) {
    for (const { info, line } of fences(read(page))) {
      const [language] = info.split(' ')
      const known = RUN[page]?.[language]
      assert.ok(known, `${page}, line ${line}: which test runs a block of '${language}'?`)
      found.add(`${page} ${language}`)
    }
  }
  const listed = Object.entries(RUN).flatMap(([page, languages]) =>
    Object.keys(languages).map(language => `${page} ${language}`),
  )
  assert.deepEqual([...found].toSorted(), listed.toSorted())
})

test('a test that runs a page reads it', () => {
  for (const [page, languages] of Object.entries(RUN)) {
    for (const how of Object.values(languages)) {
      if (!('by' in how)) continue
      assert.ok(existsSync(how.by), how.by)
      assert.ok(read(how.by).includes(page), `${how.by} does not read ${page}`)
    }
  }
})

test('every block of docs/INGESTION.md names a database that it is run in', () => {
  const words = new Set(['sql', 'any', 'mysql', 'postgres', 'sqlite', 'fails', 'migration'])
  for (const { info, line } of fences(read('docs/INGESTION.md'))) {
    const given = info.split(' ')
    assert.ok(
      given.every(word => words.has(word)),
      `line ${line}: ${info}`,
    )
    assert.ok(
      given.some(word => ['any', 'mysql', 'postgres', 'sqlite'].includes(word)),
      `line ${line}: ${info}`,
    )
  }
})

/** What a heading is called in a link, as GitHub makes it. */
const anchor = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const headings = (path: string) =>
  new Set(
    Array.from(
      read(path)
        .replaceAll(/^```[^]*?^```$/gm, '')
        .matchAll(/^#+ (.*)$/gm),
      found => anchor(found[1]),
    ),
  )

test('links between the pages lead somewhere', () => {
  for (const page of pages) {
    for (const [, target] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [file, fragment] = target.split('#')
      const path = file === '' ? page : join(dirname(page), file)
      assert.ok(existsSync(path), `${page}: ${target}`)
      if (fragment) assert.ok(headings(path).has(fragment), `${page}: ${target}`)
    }
  }
})

test('the examples of docs/cover-tree.md find the nearest rows', () => {
  const [tree, auto, ...more] = blocksOf('docs/cover-tree.md', 'ts')
  assert.deepEqual(more, [])
  using folder = new ExampleFolder()
  const printed = folder.run(`
    import { createAutoIndex, createCoverIndex, exactSimilarity } from 'sqlite-vec-ts/indexes'
    const rows = 200
    const vectors = Float32Array.from({ length: rows * 64 }, (_, i) => Math.sin(i * i))
    const query = Float32Array.from({ length: 64 }, (_, i) => Math.cos(i))
    ${tree}
    const score = row => exactSimilarity('euclidean', query, vectors.subarray(row * 64, row * 64 + 64))
    const nearest = Array.from({ length: rows }, (_, i) => i).sort((a, b) => score(b) - score(a)).slice(0, 10)
    const bounded = Array.from(upper.subarray(0, 10)).every((bound, i) => bound >= score(positions[i]))
    const found = Array.from(positions.subarray(0, 10))
    ${auto}
    const candidates = (better ?? auto).search({ query, k: 10 })
    const also = Array.from(candidates.positions.subarray(0, candidates.count)).sort((a, b) => score(b) - score(a))
    console.log(JSON.stringify([found, also.slice(0, 10), nearest, bounded, count >= 10, visited > 0]))`)
  const [kind, result] = printed.trim().split('\n')
  assert.match(kind, /^exact /)
  const [found, also, nearest, ...facts] = JSON.parse(result) as unknown[]
  assert.deepEqual(found, nearest)
  assert.deepEqual(also, nearest)
  assert.deepEqual(facts, [true, true, true])
})

test('the settings file of docs/sync.md has keys of its table', () => {
  const page = read('docs/sync.md')
  const [code] = blocksOf('docs/sync.md', 'json')
  const rows = page.split(/^\| in the file \|.*$/m)[1].split('\n\n')[0]
  const known = new Set(Array.from(rows.matchAll(/^\| `(\w+)` \|/gm), found => found[1]))
  const keys = Object.keys(JSON.parse(code) as object)
  assert.ok(keys.length > 0)
  for (const key of keys) assert.ok(known.has(key), key)
})

test('the writer of docs/sync.md writes and its second call repeats nothing', async () => {
  const [, code] = blocksOf('docs/sync.md', 'ts')
  using folder = new ExampleFolder()
  const printed = folder.run(`
    import { open } from 'sqlite-vec-ts'
    import { createDataset, createWriter, installUpstream, sqliteUpstream } from 'sqlite-vec-ts/vecsync'
    const upstream = sqliteUpstream(() => open('upstream.sqlite', { register: false }))
    await installUpstream(upstream, { capture: 'app' })
    await createDataset(upstream, 'docs')
    const embedding = Float32Array.of(1, 0)
    const requestId = 'once'
    for (let round = 0; round < 2; round++) {
      ${code}
      console.log(String(scn))
    }`)
  assert.equal(printed, '1\n1\n')
  using db = await open(`${folder.path}/upstream.sqlite`, { register: false })
  assert.deepEqual(db.prepare('SELECT op, document_id FROM vec_shadow_log').raw().all(), [
    ['update', 'a'],
  ])
})

test('the factory of docs/sync.md tries the nodes of a cluster in turn', async () => {
  const [, , code] = blocksOf('docs/sync.md', 'ts')
  using folder = new ExampleFolder()
  const printed = folder.run(`
    import { mysqlUpstream } from 'sqlite-vec-ts/vecsync'
    const nodes = ['mysql://one', 'mysql://two']
    const mysql = { createConnection: ({ uri }) => { console.log(uri); return Promise.reject(new Error('not there')) } }
    ${code}
    for (let i = 0; i < 3; i++) await upstream.connect().catch(() => {})`)
  assert.equal(printed, 'mysql://one\nmysql://two\nmysql://one\n')
})
