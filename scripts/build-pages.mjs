// Builds the page that shows vectors, twice: alone, for any static host, in dist/playground; and as `svec ui` serves it,
// which needs neither SQLite nor the sample, in dist/lib/ui-page. It needs what TypeScript emits, in dist/src.

import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'

const ALONE = 'dist/playground'
const SERVED = 'dist/lib/ui-page'
const WASM = 'dist/lib/sqlite3.wasm'
/** The model of packages/embedder, if it was made. */
const MODEL = 'packages/embedder/model'
const LAYOUT_WORKER = 'playground/layout-worker.ts'
const STAND_INS = 'playground/stand-ins'

/** What the page shares with the library comes from dist/src, so that there is one copy of each module. */
const built = {
  name: 'built',
  setup(context) {
    context.onResolve({ filter: /^\.\.\/src\/.*\.ts$/ }, ({ path }) => ({
      path: resolve(path.replace(/^\.\./, 'dist').replace(/\.ts$/, '.js')),
    }))
    // It copies files that another program has open.
    context.onResolve({ filter: /\/wal-snapshot\.js$/ }, () => ({
      path: resolve(STAND_INS, 'missing.cjs'),
    }))
    // An alias would catch its part for streams of the web, too, which the stand-in imports.
    context.onResolve({ filter: /^csv-parse$/ }, () => ({
      path: resolve(STAND_INS, 'csv-parse.ts'),
    }))
  },
}

const page = {
  bundle: true,
  format: 'esm',
  target: 'es2023',
  minify: true,
  logLevel: 'warning',
  // Chunks that only have side effects on other entry points.
  logOverride: { 'ignored-bare-import': 'silent' },
  plugins: [built],
}

export async function buildPages() {
  await build({
    ...page,
    entryPoints: {
      page: 'playground/page.ts',
      'ui-worker': 'dist/src/ui/ui-worker.js',
      'import-worker': 'playground/import-worker.ts',
      'layout-worker': LAYOUT_WORKER,
    },
    outdir: ALONE,
    splitting: true,
    conditions: ['browser'],
    inject: [`${STAND_INS}/buffer.ts`],
    alias: {
      ...Object.fromEntries(
        ['fs', 'stream', 'stream/promises', 'zlib'].map(name => [
          `node:${name}`,
          `./${STAND_INS}/missing.cjs`,
        ]),
      ),
      'node:stream/web': `./${STAND_INS}/stream-web.ts`,
      'node:path': `./${STAND_INS}/path.ts`,
      'node:timers/promises': `./${STAND_INS}/timers.ts`,
    },
  })
  copyFileSync(WASM, `${ALONE}/sqlite3.wasm`)
  for (const file of readdirSync('playground/sample'))
    copyFileSync(`playground/sample/${file}`, `${ALONE}/${file}`)
  await build({
    ...page,
    entryPoints: { page: 'playground/served.ts', 'layout-worker': LAYOUT_WORKER },
    outdir: SERVED,
    splitting: true,
  })
  for (const folder of [ALONE, SERVED])
    for (const file of ['index.html', 'page.css'])
      copyFileSync(`playground/${file}`, `${folder}/${file}`)
  if (existsSync(MODEL)) addModel(ALONE, MODEL)
  // The tests run what TypeScript emits.
  cpSync(SERVED, 'dist/src/ui/ui-page', { recursive: true })
}

/** Gives a page a static model, which embeds the texts of files and searches. */
function addModel(folder, model) {
  cpSync(model, `${folder}/model`, { recursive: true })
  const html = readFileSync(`${folder}/index.html`, 'utf8')
  const meta = '<meta name="svec-model" content="./model/" />'
  writeFileSync(`${folder}/index.html`, html.replace('</head>', `  ${meta}\n  </head>`))
}
