// Builds dist/: what TypeScript emits, which the tests run, and dist/lib, which the package ships: each entry point as one
// file beside what it shares with others, for Node, Bun and Deno, for browsers, and for workerd.

import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { engineWasm } from './build-engine.mjs'
import { buildPages } from './build-pages.mjs'

/** Entry points that need files, sockets or the classes of Node. */
const NODE_ONLY = new Set(['better-sqlite3', 'interchange', 'mcp', 'vecsync'])

/** Files that are started, not imported. */
const PROGRAMS = {
  svec: 'dist/src/cli/main.js',
  'ui-worker': 'dist/src/ui/ui-worker.js',
  'worker-thread': 'dist/src/worker/threads/worker-thread.js',
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const entries = Object.entries(manifest.exports)
  .filter(([name]) => !/\.\w+$/.test(name))
  .map(entryOf)

rmSync('dist', { recursive: true, force: true })
compile('.')
// Before TypeScript 5.7 typed arrays had no parameter. No declaration that users see needs one: api/ shows them.
for (const file of readdirSync('dist/src', { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.d.ts')) continue
  const declarations = readFileSync(`dist/src/${file}`, 'utf8')
  writeFileSync(`dist/src/${file}`, declarations.replaceAll(/(?<=Array)<ArrayBuffer>/g, ''))
}
const { kernelsWasm } = await import('../dist/src/accelerators/simd/kernels.wasm.js')
const kernels = Buffer.from(kernelsWasm, 'base64')
writeFileSync('dist/src/sqlite/platform/sqlite3.wasm', engineWasm(kernels))

/** What TypeScript writes into each file with a `using` declaration. Bundles have it once. */
const HELPERS = /^var __addDisposableResource = [^]*?\n\}\)\(typeof SuppressedError [^]*?\n\}\);\n/
const sharedHelpers = {
  name: 'shared helpers',
  setup({ onLoad, onResolve }) {
    let helpers
    onResolve({ filter: /^helpers of using$/ }, ({ path }) => ({ path, namespace: 'helpers' }))
    onLoad({ filter: /.*/, namespace: 'helpers' }, () => ({
      contents: `${helpers}export { __addDisposableResource, __disposeResources }`,
    }))
    onLoad({ filter: /\bdist\/src\/.*\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const found = HELPERS.exec(text)
      if (!found) return undefined
      helpers = found[0]
      const imported = `import { __addDisposableResource, __disposeResources } from 'helpers of using'\n`
      return { contents: imported + text.slice(helpers.length) }
    })
  },
}

await bundle('node', '.js', [...entries, 'svec', 'worker-thread', 'ui-worker'])
await bundle('browser', '.browser.js', [
  ...entries.filter(name => !NODE_ONLY.has(name)),
  'worker-thread',
])
const inWorkerd = ([, target]) => typeof target === 'object' && 'workerd' in target
await bundle(
  'workerd',
  '.workerd.js',
  Object.entries(manifest.exports).filter(inWorkerd).map(entryOf),
)
copyFileSync('dist/src/sqlite/platform/sqlite3.wasm', 'dist/lib/sqlite3.wasm')
// workerd imports WebAssembly as files.
writeFileSync('dist/lib/simd-kernels.wasm', kernels)
const { passageModule } = await import('../dist/src/sqlite/wasm/passages/passage-module.js')
writeFileSync('dist/lib/passages.wasm', passageModule())
compile('playground')
await buildPages()

/** Runs TypeScript on a project. */
function compile(project) {
  const tsc = ['node_modules/typescript/bin/tsc', '--project', project]
  const { status } = spawnSync(process.execPath, tsc, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** The name of the file of an entry point. */
function entryOf([name]) {
  return name === '.' ? 'main' : name.slice(2)
}

/** The entry points for one platform: the condition of its name chooses `#platform` and `#thread`. */
async function bundle(platform, extension, names) {
  await build({
    entryPoints: names.map(entry => ({
      in: PROGRAMS[entry] ?? `dist/src/entries/${entry}.js`,
      out: entry,
    })),
    outdir: 'dist/lib',
    outExtension: { '.js': extension },
    bundle: true,
    splitting: true,
    // All in one folder, as sqlite3.wasm is found beside the file that asks for it.
    chunkNames: 'chunk-[hash]',
    format: 'esm',
    target: 'es2023',
    platform: platform === 'node' ? 'node' : 'neutral',
    packages: 'external',
    external: ['*.wasm'],
    conditions: [platform],
    plugins: [sharedHelpers],
    logLevel: 'warning',
  })
}
