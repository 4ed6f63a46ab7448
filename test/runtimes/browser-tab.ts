import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { PAGE, WORKER } from './browser-worker.ts'
import { WebSite, type Page } from './chromium.ts'
import type { Project } from './project.ts'

/** An error, as a worker tells it. */
export interface Failure {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly hint: string
}
type Outcome<T> = { readonly value: T; readonly error?: undefined } | { readonly error: Failure }

/** The result or the error of code, in the worker of a page (`ask`) or on its main thread (`here`). */
export const outcome = async <T>(
  page: Page,
  where: 'ask' | 'here',
  code: string,
): Promise<Outcome<T>> =>
  page.evaluate(
    ([place, text]) => {
      const scope = globalThis as unknown as Record<string, (argument: unknown) => unknown>
      return scope['outcome'](scope[place](text)) as Promise<Outcome<T>>
    },
    [where, code],
  )

/** What code gives in the worker of a page. */
export async function inWorker<T>(page: Page, code: string): Promise<T> {
  const found = await outcome<T>(page, 'ask', code)
  assert.equal(found.error, undefined, JSON.stringify(found.error))
  return (found as { value: T }).value
}

export async function refusedIn(page: Page, where: 'ask' | 'here', code: string): Promise<Failure> {
  const { error } = await outcome(page, where, code)
  assert.ok(error, 'nothing was refused')
  return error
}

export const newTab = async (open: () => Promise<Page>): Promise<Page> => {
  const page = await open()
  await page.waitForFunction('globalThis.ready')
  return page
}

/** The site of a page with a worker, which run what a test sends them. */
export async function workerSite(project: Project): Promise<WebSite> {
  project.write('page.js', PAGE)
  project.write('worker-source.js', WORKER)
  project.write('site/index.html', '<script type="module" src="./page.js"></script>')
  await build({
    absWorkingDir: project.path,
    entryPoints: { page: 'page.js', worker: 'worker-source.js' },
    outdir: 'site',
    bundle: true,
    format: 'esm',
    logLevel: 'silent',
  })
  copyFileSync(
    join(project.path, 'node_modules/sqlite-vec-ts/dist/lib/sqlite3.wasm'),
    join(project.path, 'site/sqlite3.wasm'),
  )
  return WebSite.start(join(project.path, 'site'))
}
