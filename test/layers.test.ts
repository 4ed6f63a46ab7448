import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { importsOf, sources } from './imports.ts'

/** A file imports only from layers above its own in this list, or from its own package. */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['accelerators'],
  ['index', 'viant/formats'],
  ['database'],
  ['sqlite'],
  ['search'],
  ['viant/export'],
  ['tables', 'replication'],
  ['documents'],
  [
    'viant/store',
    'viant/legacy',
    'embedder',
    'interchange',
    'better-sqlite3',
    'attach',
    'worker',
    'mcp',
  ],
  ['frameworks'],
  ['entries'],
  ['ui'],
]
/** Programs: they use the entry points, core, which loads nothing else, and what `svec ui` shares with its page. */
const PROGRAMS = ['src/cli', 'playground', 'bench', 'examples']

/** The text of a file without its comments. */
const codeOf = (file: string): string =>
  readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')

/** The package of a file under src, and the number of its layer. */
function packageOf(file: string): { name: string; layer: number } {
  const path = file.slice('src/'.length)
  for (const [layer, names] of LAYERS.entries()) {
    const name = names.find(candidate => path.startsWith(`${candidate}/`))
    if (name !== undefined) return { name, layer }
  }
  return assert.fail(`${file} is in no layer`)
}

const library = sources('src')
  .filter(file => !PROGRAMS.some(folder => file.startsWith(`${folder}/`)))
  .flatMap(importsOf)

const upward = library.filter(({ from, to }) => {
  const user = packageOf(from)
  const used = packageOf(to)
  return user.name !== used.name && user.layer <= used.layer
})

test('a package imports only packages of the layers below it', () => {
  assert.ok(library.length > 100)
  assert.deepEqual(upward, [])
})

test('package.json names the platform that is loaded, and one file asks for it', () => {
  const { imports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    imports: Readonly<Record<string, Readonly<Record<string, string>>>>
  }
  for (const file of Object.values(imports['#platform']))
    assert.match(file, /^\.\/dist\/src\/sqlite\/platform\/(\w+)\/\1-platform\.js$/)
  const named = sources('src').filter(file => codeOf(file).includes("'#platform'"))
  assert.deepEqual(named, ['src/sqlite/load-engine.ts'])
})

test('the engine asks a runtime for something in the folders of platforms alone', () => {
  const RUNTIME = /from 'node:|\bBuffer\b|\bprocess\.|\brequire\(/
  const asking = sources('src/sqlite').filter(
    file => !file.startsWith('src/sqlite/platform/node/') && RUNTIME.test(codeOf(file)),
  )
  assert.deepEqual(asking, [])
})

/** Files outside of the platform for Node that use Buffer or node:crypto, each with its reason. */
const NODE_BYTES: Readonly<Record<string, string>> = {
  'src/better-sqlite3/': 'the values of better-sqlite3 are Buffers',
  'src/ui/server.ts': 'a server of node:http',
  'src/mcp/': 'servers on the streams of Node',
  'src/replication/': 'MD5, which globalThis.crypto does not have, and values of drivers for Node',
  'src/interchange/': 'files and streams of Node',
  'src/attach/float32-sample.ts': 'a hint for a program on Node',
}

test('Buffer and node:crypto are used by the platform for Node, and for the reasons named here', () => {
  const using = sources('src').filter(
    file => !file.startsWith('src/cli/') && /from 'node:crypto'|\bBuffer\b/.test(codeOf(file)),
  )
  const allowed = ['src/sqlite/platform/node/', ...Object.keys(NODE_BYTES)]
  assert.deepEqual(
    using.filter(file => !allowed.some(path => file.startsWith(path))),
    [],
  )
  const unused = allowed.filter(path => !using.some(file => file.startsWith(path)))
  assert.deepEqual(unused, [])
})

test('two files alone register the virtual tables: those of every program, and the others', () => {
  const registering = sources('src/tables').filter(file =>
    /\bregisterModule\(/.test(readFileSync(file, 'utf8')),
  )
  assert.deepEqual(registering, ['src/tables/register-first.ts', 'src/tables/register.ts'])
})

test('entry points only re-export', () => {
  for (const entry of sources('src/entries')) {
    const rest = readFileSync(entry, 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .replaceAll(/export\s+(type\s+)?(\*|\{[^}]*\})\s+from\s+'[^']+'/g, '')
    assert.equal(rest.trim(), '', `${entry} does more than re-export`)
  }
})

test('programs use the entry points, core and ui', () => {
  for (const folder of PROGRAMS) {
    for (const { from, to } of sources(folder).flatMap(importsOf)) {
      if (!to.startsWith('src/') || to.startsWith(`${folder}/`)) continue
      assert.match(
        to,
        /^src\/(entries|core|ui)\//,
        `${from} imports ${to}, which is not an entry point`,
      )
    }
  }
})

/** The folders of search, each of which imports only those before it. */
const SEARCH = [
  'schema',
  'journal',
  'memory',
  'persistence',
  'snapshot',
  'text',
  'query',
  'hybrid',
  'late',
  'diagnostics',
]

const folderOf = (file: string): number => SEARCH.indexOf(file.split('/')[2])

test('the folders of search have one order', () => {
  const within = library.filter(
    ({ from, to }) => from.startsWith('src/search/') && to.startsWith('src/search/'),
  )
  assert.ok(within.length > 50)
  assert.deepEqual(
    within.filter(({ from, to }) => folderOf(to) < 0 || folderOf(to) > folderOf(from)),
    [],
  )
})

test('a database is seen through the port alone, whatever its driver', () => {
  const above = /^src\/(search|documents|viant|replication)\//
  const users = library.filter(({ from, to }) => above.test(from) && to.startsWith('src/sqlite/'))
  assert.deepEqual(users, [])
})

/** Folders of which each holds one way to do a thing: who may import from them, each with its reason. */
const LEAVES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'src/database/drivers/': { 'src/database/driver-of.ts': 'knows a driver by its handle' },
  'src/sqlite/platform/browser/': {},
  'src/sqlite/platform/memory/': {
    'src/sqlite/platform/browser/': 'a browser has files in memory, too',
    'src/sqlite/platform/workerd/': 'it has no others',
  },
  'src/sqlite/platform/node/': {},
  'src/accelerators/simd/': {
    'src/accelerators/accelerator.ts': 'the list of accelerators',
    'src/accelerators/platform/': 'where a platform has its kernels',
    'src/index/kinds/exact/threads/scan-worker.ts': 'threads run no others',
  },
  'src/accelerators/scalar/': {
    'src/accelerators/platform/': 'where a platform has its kernels',
  },
  'src/index/kinds/': {
    'src/index/kinds.ts': 'the list of kinds',
    'src/index/checked/': 'the kinds that the entry point indexes offers',
    'src/index/late/': 'the kinds that browsers load later',
  },
  'src/replication/upstreams/': {},
}

test('entry points alone, and the registries named here, import one of several ways', () => {
  for (const [leaf, registries] of Object.entries(LEAVES)) {
    const allowed = ['src/entries/', leaf, ...Object.keys(registries)]
    const users = library.filter(({ to }) => to.startsWith(leaf))
    assert.deepEqual(
      users.filter(({ from }) => !allowed.some(path => from.startsWith(path))),
      [],
      leaf,
    )
    assert.deepEqual(
      Object.keys(registries).filter(path => !users.some(({ from }) => from.startsWith(path))),
      [],
      `these do not import ${leaf}`,
    )
  }
})

test('what the engine is made of stays in the engine', () => {
  const users = library.filter(
    ({ from, to }) =>
      /^src\/sqlite\/(wasm\/wasm|handle)\.ts$/.test(to) && !from.startsWith('src/sqlite/'),
  )
  assert.deepEqual(users, [])
})

test('a kind of index imports no other kind', () => {
  // One kind chooses between the others, none of which knows it.
  const choosing = new Set(['auto'])
  for (const { from, to } of sources('src/index/kinds').flatMap(importsOf)) {
    const [, , , mine] = from.split('/')
    const [, root, kinds, theirs, file] = to.split('/')
    if (root !== 'index' || kinds !== 'kinds' || file === undefined || choosing.has(mine)) continue
    assert.equal(theirs, mine, `${from} imports ${to}`)
  }
})

test('an upstream imports no other upstream', () => {
  const folder = /^src\/replication\/upstreams\/\w+\//
  for (const { from, to } of library) {
    const [mine] = folder.exec(from) ?? []
    const [theirs] = folder.exec(to) ?? []
    if (mine !== undefined && theirs !== undefined) assert.equal(theirs, mine, from)
  }
})
