// Runs the workload in Node and in Chromium, and prints what it measures: `node browser-process.js seed`.
// A process of its own, because the bench itself keeps to one core, and a browser has many processes.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { threadPool } from '../../src/entries/vec.ts'
import { storedBrowser, WebSite, type Page } from '../../test/runtimes/chromium.ts'
import type { BenchPage, PageSearches } from '../browser/page.ts'
import { reopen, run, searchAgain, type Reopened, type WorkloadTimes } from '../browser/workload.ts'
import { summarize } from '../measure.ts'
import type { BrowserTimes } from './browser.ts'

/** 1,000 searches of the page. */
const ROUNDS = 10
const SEARCHES = 100
const [seed] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'bench-browser-'))

try {
  const site = await siteOf(folder)
  try {
    const nodeTimes = await inNode(join(folder, 'node.sqlite'))
    process.stdout.write(JSON.stringify({ ...nodeTimes, ...(await inBrowser(site)) }))
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

/** The same work in this process. */
async function inNode(
  path: string,
): Promise<Pick<BrowserTimes, `node${string}` & keyof BrowserTimes>> {
  const { searches } = await run(path, seed)
  const nodeReopened = await reopen(path, seed)
  // An index that is read while the size is 1 stays with one thread, as in a browser.
  threadPool.size = 1
  const alone = await searchAgain(path, seed)
  return { node: summarize(searches), nodeAlone: summarize(alone), nodeReopened }
}

async function inBrowser(site: WebSite): Promise<Omit<BrowserTimes, `node${string}`>> {
  await using browser = await storedBrowser(join(folder, 'profile'))
  const page = await browser.open(site.url)
  await page.waitForFunction('globalThis.page')
  const found = await call<WorkloadTimes>(page, 'inWorker', 'run', 'bench.sqlite', seed)
  await page.reload()
  await page.waitForFunction('globalThis.page')
  const reopened = await call<Reopened>(page, 'inWorker', 'reopen', 'bench.sqlite', seed)
  const { searches, gaps, idle } = await call<PageSearches>(
    page,
    'searches',
    'bench.sqlite',
    seed,
    ROUNDS,
    SEARCHES,
  )
  return {
    version: browser.version,
    equal: found.equal + (reopened.isEqual ? 1 : 0),
    checked: found.checked + 1,
    browser: summarize(found.searches),
    page: summarize(searches),
    reopened,
    gap: summarize(gaps),
    idle: summarize(idle),
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
