import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { WebSite, type Page } from './chromium.ts'
import { Project } from './project.ts'

/** The page: `run(code)` runs code with the package and this tab's state at hand, and gives its result or its error. */
const PAGE = `
import * as vec from 'sqlite-vec-ts'
import { AsyncCollection, connect } from 'sqlite-vec-ts/worker'
import * as stored from 'sqlite-vec-ts/browser'
const state = { AsyncCollection, connect, vec, stored, db: undefined }
globalThis.run = async code => {
  try {
    return { value: await new Function('state', 'return (async ({ AsyncCollection, connect, vec, stored }) => {' + code + '})(state)')(state) }
  } catch ({ name, code, message, hint }) {
    return { error: { name, code, message, hint } }
  }
}
globalThis.ready = true`

export interface Failure {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly hint: string
}

type Outcome = { readonly value: unknown; readonly error?: undefined } | { readonly error: Failure }

/** A tab of the site that TabSite serves. */
export class Tab {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  async outcome(code: string): Promise<Outcome> {
    return this.page.evaluate(text => {
      const scope = globalThis as unknown as { run: (text: string) => Promise<Outcome> }
      return scope.run(text)
    }, code)
  }

  async run<T>(code: string): Promise<T> {
    const found = await this.outcome(code)
    if (found.error) throw Object.assign(new Error(JSON.stringify(found.error)), found.error)
    return found.value as T
  }

  async refused(code: string): Promise<Failure> {
    const { error } = await this.outcome(code)
    if (error === undefined) throw new Error(`nothing was refused: ${code}`)
    return error
  }
}

/** A site whose pages connect to databases; a bundler that leaves the worker where it is has built it. */
export class TabSite {
  readonly #project = new Project()
  #site!: WebSite

  static async start(): Promise<TabSite> {
    const made = new TabSite()
    const project = made.#project
    project.write('page.js', PAGE)
    project.write('site/index.html', '<script type="module" src="./page.js"></script>')
    const lib = join(project.path, 'node_modules/sqlite-vec-ts/dist/lib')
    await build({
      absWorkingDir: project.path,
      entryPoints: {
        page: 'page.js',
        'worker-thread.browser': join(lib, 'worker-thread.browser.js'),
      },
      outdir: 'site',
      bundle: true,
      splitting: true,
      format: 'esm',
      logLevel: 'silent',
    })
    copyFileSync(join(lib, 'sqlite3.wasm'), join(project.path, 'site/sqlite3.wasm'))
    made.#site = await WebSite.start(join(project.path, 'site'))
    return made
  }

  /** Opens tabs of one profile, which share their storage. */
  async profile(): Promise<() => Promise<Tab>> {
    const open = await this.#site.profile()
    return async () => {
      const page = await open()
      await page.waitForFunction('globalThis.ready')
      return new Tab(page)
    }
  }

  async close(): Promise<void> {
    await this.#site.close()
    this.#project[Symbol.dispose]()
  }
}

/** Code of a page: its `drawn()` gives numbers from -1 to 1, always the same for a seed, which is not 0. */
export const drawing = (seed: number): string => `
  let x = ${seed}
  const drawn = () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x / 2 ** 31
  }`
