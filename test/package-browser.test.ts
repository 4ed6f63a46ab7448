import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

type Target = string | Readonly<Record<string, string>>

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Readonly<Record<string, Target>>
  peerDependencies: Readonly<Record<string, string>>
}
/** Frameworks and drivers: the application brings them, for its browser too. */
const peers = Object.keys(manifest.peerDependencies)
const inBrowsers = Object.entries(manifest.exports).filter(
  ([, target]) => typeof target === 'object' && 'browser' in target,
)

const kB = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length / 1000

/** What esbuild makes for a browser of code that imports the package by its name. */
async function bundled(code: string) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'browser',
    external: peers,
    format: 'esm',
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  const [file] = outputFiles
  return { imports: output.imports, inputs: Object.keys(metafile.inputs), code: file }
}

test('the entry points that work on bytes and in memory have a form for browsers', () => {
  const names = new Set(inBrowsers.map(([name]) => name))
  for (const name of ['.', './engine', './vec', './vector', './indexes', './vecadmin', './attach'])
    assert.ok(names.has(name), name)
})

for (const [name] of inBrowsers) {
  test(`${name} asks a browser for nothing that it does not have`, async () => {
    const { imports, inputs, code } = await bundled(
      `export * from '${name.replace('.', 'sqlite-vec-ts')}'`,
    )
    assert.deepEqual(
      imports.filter(({ path }) => !peers.some(peer => `${path}/`.startsWith(`${peer}/`))),
      [],
    )
    assert.deepEqual(
      inputs.filter(file => file !== '<stdin>' && !file.startsWith('dist/lib/')),
      [],
    )
    // Where there is a `process`, code may ask it for a module by name; that loads nothing in a browser.
    const loads = code.text.replaceAll(/\bgetBuiltinModule\?\.\("node:[^"]*"\)/g, '')
    assert.ok(!/["']node:/.test(loads))
  })
}

test('the other entry points need Node, as docs/api.md says', async () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string' || 'browser' in target) continue
    await assert.rejects(bundled(`export * from '${name.replace('.', 'sqlite-vec-ts')}'`), name)
  }
})

/** What a page loads of this code: at first, and with all that it loads when it is needed; compressed, in kB. */
async function loaded(code: string): Promise<{ first: number; all: number }> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    outdir: 'page',
    logLevel: 'silent',
  })
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [relative(process.cwd(), path), kB(contents)]),
  )
  const first = new Set(
    Object.keys(metafile.outputs).filter(path => metafile.outputs[path].entryPoint === '<stdin>'),
  )
  for (const path of first)
    for (const { kind, path: imported } of metafile.outputs[path].imports)
      if (kind === 'import-statement') first.add(imported)
  const sum = (paths: Iterable<string>): number =>
    [...paths].reduce((total, path) => total + sizes.get(path)!, 0)
  return { first: sum(first), all: sum(sizes.keys()) }
}

for (const { name, code, most } of [
  {
    name: 'open()',
    code: `export { open } from 'sqlite-vec-ts'`,
    most: { first: 154.1, all: 158.2 },
  },
  {
    name: 'connect()',
    code: `export { connect } from 'sqlite-vec-ts/worker'`,
    most: { first: 7.2, all: 7.2 },
  },
  {
    name: 'the worker of connect()',
    code: `import { serve } from 'sqlite-vec-ts/serve'; serve()`,
    most: { first: 112.9, all: 175.1 },
  },
]) {
  test(`a web page loads so much JavaScript for ${name}, compressed`, async t => {
    const { first, all } = await loaded(code)
    t.diagnostic(`${first.toFixed(1)} kB at first, ${all.toFixed(1)} kB with all parts`)
    assert.ok(first <= most.first, `${first} kB at first`)
    assert.ok(all <= most.all, `${all} kB with all parts`)
  })
}

test('a web page loads at most 120 kB of JavaScript before its first search by connect()', async t => {
  const page = await loaded(`export { connect } from 'sqlite-vec-ts/worker'`)
  const worker = await loaded(`import { serve } from 'sqlite-vec-ts/serve'; serve()`)
  const sum = page.first + worker.first
  t.diagnostic(`${sum.toFixed(1)} kB`)
  assert.ok(sum <= 120, `${sum} kB`)
})

test('a web page loads at most 390 kB of WebAssembly, compressed: SQLite with the kernels', () => {
  const bytes = readFileSync('dist/lib/sqlite3.wasm')
  assert.ok(kB(bytes) <= 390, `${kB(bytes)} kB of WebAssembly`)
  const sections = WebAssembly.Module.customSections(
    new WebAssembly.Module(bytes),
    'sqlite-vec-ts.kernels',
  )
  assert.deepEqual(
    sections.map(section => Buffer.from(section)),
    [readFileSync('dist/lib/simd-kernels.wasm')],
  )
})

test('what is imported alone comes alone', async () => {
  const { code } = await bundled(`export { encodeEmbedding } from 'sqlite-vec-ts/vector'`)
  assert.ok(code.contents.length < 12_000, `${code.contents.length} bytes`)
})

test('entry points share their modules, so that there is one engine', async () => {
  const { open } = await import('sqlite-vec-ts')
  const engine = await import('sqlite-vec-ts/engine')
  const db = await open(':memory:')
  assert.ok(db instanceof engine.Connection)
  engine.openConnection(':memory:').close()
  db.close()
})
