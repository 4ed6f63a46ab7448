import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tools } from './tools.ts'

const PROGRAM = '/usr/bin/chromium'

/** Why there is no browser to test with; false when there is one. */
export const noChromium: string | false = existsSync(PROGRAM)
  ? false
  : 'Chromium is not installed: apt-get install chromium'

/** The part of playwright-core that the tests use. */
export interface Page {
  goto(url: string): Promise<unknown>
  reload(): Promise<unknown>
  close(): Promise<void>
  evaluate<T, A>(run: (argument: A) => T | Promise<T>, argument?: A): Promise<T>
  waitForFunction(run: string): Promise<unknown>
  on(event: 'pageerror', listener: (error: Error) => void): void
}
interface Context {
  newPage(): Promise<Page>
  setDefaultTimeout(milliseconds: number): void
  browser(): Browser | null
  close(): Promise<void>
}
interface Browser {
  newContext(): Promise<Context>
  close(): Promise<void>
  version(): string
}
interface Launcher {
  launch(options: object): Promise<Browser>
  launchPersistentContext(folder: string, options: object): Promise<Context>
}

const OPTIONS = {
  executablePath: PROGRAM,
  headless: true,
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
}

async function launcher(): Promise<Launcher> {
  const entry = join(tools.installed('playwright-core'), 'node_modules/playwright-core/index.mjs')
  return ((await import(pathToFileURL(entry).href)) as { chromium: Launcher }).chromium
}

/**
 * How long a page may take to reach a state. A page with a worker takes a second to start; on a machine that runs other
 * tests with every core, the processes of a browser may get a fiftieth of the time.
 */
const PATIENCE = 120_000

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

/** A browser of its own. */
export interface StoredBrowser extends AsyncDisposable {
  readonly version: string
  open(url: string): Promise<Page>
}

/**
 * Starts a browser whose profile is in a folder, as that of a user is: its pages store their files on the disk. The
 * pages of a `WebSite` are in private windows, where files are in the memory of another process: each access takes 0.4 ms.
 */
export async function storedBrowser(folder: string): Promise<StoredBrowser> {
  const context = await (await launcher()).launchPersistentContext(folder, OPTIONS)
  context.setDefaultTimeout(PATIENCE)
  return {
    version: context.browser()?.version() ?? 'unknown',
    async open(url) {
      const page = await context.newPage()
      await page.goto(url)
      return page
    },
    [Symbol.asyncDispose]: async () => context.close(),
  }
}

/** Serves a folder to a browser that a test drives. Without special headers, as any static host does. */
export class WebSite {
  readonly #server: Server
  #browser: Promise<Browser> | undefined
  readonly url: string

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  static async start(folder: string): Promise<WebSite> {
    const server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname
      const file = join(folder, path === '/' ? 'index.html' : path)
      if (!existsSync(file)) return void response.writeHead(404).end()
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' })
      response.end(readFileSync(file))
    })
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    return new WebSite(server)
  }

  /** The version of the browser that shows the pages. */
  async version(): Promise<string> {
    return (await this.#launched()).version()
  }

  /** A page in a profile of its own, whose storage is empty; `pageBeside` shares the storage of another. */
  async profile(): Promise<() => Promise<Page>> {
    const context = await (await this.#launched()).newContext()
    context.setDefaultTimeout(PATIENCE)
    return async () => {
      const page = await context.newPage()
      await page.goto(this.url)
      return page
    }
  }

  async #launched(): Promise<Browser> {
    this.#browser ??= launcher().then(async chromium => chromium.launch(OPTIONS))
    return this.#browser
  }

  async close(): Promise<void> {
    await (await this.#browser)?.close()
    this.#server.closeAllConnections()
    await new Promise(closed => this.#server.close(closed))
  }
}
