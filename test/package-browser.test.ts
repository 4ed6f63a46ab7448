import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
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
    assert.ok(!/["']node:/.test(code.text))
  })
}

test('the other entry points need Node, as docs/api.md says', async () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string' || 'browser' in target) continue
    await assert.rejects(bundled(`export * from '${name.replace('.', 'sqlite-vec-ts')}'`), name)
  }
})

test('a web page loads at most 160 kB of JavaScript and 410 kB of WebAssembly, compressed', async () => {
  const { code } = await bundled(`export { open } from 'sqlite-vec-ts'`)
  assert.ok(kB(code.contents) <= 160, `${kB(code.contents)} kB of JavaScript`)
  const wasm = kB(readFileSync('dist/lib/sqlite3.wasm'))
  assert.ok(wasm <= 410, `${wasm} kB of WebAssembly`)
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
