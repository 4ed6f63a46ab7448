// Runs the workload in Node and in Chromium, and prints what it measures: `node browser-process.js seed`.
// A process of its own, because the bench itself keeps to one core, and a browser has many processes.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { WebSite, type Page } from '../../test/runtimes/chromium.ts'
import type { BenchPage } from '../browser/page.ts'
import { reopen, run, type Reopened, type WorkloadTimes } from '../browser/workload.ts'
import { summarize } from '../measure.ts'
import type { BrowserTimes } from './browser.ts'

const SEARCHES = 1000
const [seed] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'bench-browser-'))

try {
  const site = await siteOf(folder)
  try {
    const path = join(folder, 'node.sqlite')
    const inNode = await run(path, seed)
    const nodeReopened = await reopen(path, seed)
    process.stdout.write(JSON.stringify(await measure(site, inNode, nodeReopened)))
  } finally {
    await site.close()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The page and its workers, bundled for a browser from the code that this process runs. */
async function siteOf(within: string): Promise<WebSite> {
  const out = join(within, 'site')
  mkdirSync(out)
  await build({
    entryPoints: {
      page: 'dist/bench/browser/page.js',
      worker: 'dist/bench/browser/worker.js',
      'worker-thread.browser': 'dist/src/worker/threads/worker-thread.js',
    },
    outdir: out,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    // No browser but Chromium runs it: `using` needs no rewriting there.
    target: 'es2023',
    conditions: ['browser'],
    logLevel: 'error',
  })
  copyFileSync('dist/lib/sqlite3.wasm', join(out, 'sqlite3.wasm'))
  writeFileSync(join(out, 'index.html'), '<script type="module" src="./page.js"></script>')
  return WebSite.start(out)
}

async function measure(
  site: WebSite,
  inNode: WorkloadTimes,
  nodeReopened: Reopened,
): Promise<BrowserTimes> {
  const page = await (await site.profile())()
  await page.waitForFunction('globalThis.page')
  const found = await call<WorkloadTimes>(page, 'inWorker', 'run', 'bench.sqlite', seed)
  await page.reload()
  await page.waitForFunction('globalThis.page')
  const reopened = await call<Reopened>(page, 'inWorker', 'reopen', 'bench.sqlite', seed)
  return {
    version: site.version,
    equal: found.equal + (reopened.isEqual ? 1 : 0),
    checked: found.checked + 1,
    browser: summarize(found.searches),
    node: summarize(inNode.searches),
    reopened,
    nodeReopened,
    gaps: await call(page, 'searches', 'bench.sqlite', seed, SEARCHES),
    idle: await call(page, 'idle', 3000),
    imported: await call(page, 'imports', 'bench.sqlite'),
  }
}

async function call<T>(page: Page, name: keyof BenchPage, ...given: unknown[]): Promise<T> {
  return page.evaluate(
    async ([method, parameters]) => {
      const { page: benched } = globalThis as unknown as {
        page: Record<string, (...all: unknown[]) => Promise<unknown>>
      }
      return (await benched[method](...parameters)) as T
    },
    [name, given] as const,
  )
}
