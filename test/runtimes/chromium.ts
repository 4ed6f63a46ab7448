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
interface Browser {
  newPage(): Promise<Page>
  newContext(): Promise<{ newPage(): Promise<Page>; setDefaultTimeout(milliseconds: number): void }>
  close(): Promise<void>
  version(): string
}

/**
 * How long a page may take to reach a state. A page with a worker takes a second to start; on a machine that runs other
 * tests with every core, the processes of a browser may get a fiftieth of the time.
 */
const PATIENCE = 120_000

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

/** Serves a folder to a browser that a test drives. Without special headers, as any static host does. */
export class WebSite {
  readonly #server: Server
  readonly #browser: Browser
  readonly url: string

  private constructor(server: Server, browser: Browser) {
    this.#server = server
    this.#browser = browser
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
    const entry = join(tools.installed('playwright-core'), 'node_modules/playwright-core/index.mjs')
    const { chromium } = (await import(pathToFileURL(entry).href)) as {
      chromium: { launch(options: object): Promise<Browser> }
    }
    const args = ['--no-sandbox', '--disable-dev-shm-usage']
    const browser = await chromium.launch({ executablePath: PROGRAM, headless: true, args })
    return new WebSite(server, browser)
  }

  get version(): string {
    return this.#browser.version()
  }

  /** A page in a profile of its own, whose storage is empty; `pageBeside` shares the storage of another. */
  async profile(): Promise<() => Promise<Page>> {
    const context = await this.#browser.newContext()
    context.setDefaultTimeout(PATIENCE)
    return async () => {
      const page = await context.newPage()
      await page.goto(this.url)
      return page
    }
  }

  async close(): Promise<void> {
    await this.#browser.close()
    this.#server.closeAllConnections()
    await new Promise(closed => this.#server.close(closed))
  }
}
