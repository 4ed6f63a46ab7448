import { spawn, type ChildProcess } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { Project } from './project.ts'

const WASM = ['sqlite3.wasm', 'simd-kernels.wasm', 'passages.wasm']

/** A program in workerd, which keeps the storage of its Durable Objects in a folder. */
export class Workerd {
  readonly #project: Project
  #process: ChildProcess | undefined
  #url = ''
  #errors = ''

  private constructor(project: Project) {
    this.#project = project
  }

  /** `program` is a module with a `fetch` handler, which may export a Durable Object, the class `Store`. */
  static async start(program: string): Promise<Workerd> {
    const project = new Project('workerd')
    project.write('program.js', program)
    await build({
      absWorkingDir: project.path,
      entryPoints: ['program.js'],
      outfile: 'bundle.js',
      bundle: true,
      format: 'esm',
      conditions: ['workerd'],
      external: ['*.wasm', 'cloudflare:*'],
      logLevel: 'silent',
    })
    for (const file of WASM)
      copyFileSync(
        join(project.path, 'node_modules/sqlite-vec-ts/dist/lib', file),
        join(project.path, file),
      )
    mkdirSync(join(project.path, 'storage'))
    const workerd = new Workerd(project)
    await workerd.#serve()
    return workerd
  }

  /** Ends the process and starts another over the same storage. */
  async restart(): Promise<void> {
    await this.#end()
    await this.#serve()
  }

  async fetch(path: string): Promise<string> {
    const response = await fetch(`${this.#url}${path}`)
    const text = await response.text()
    if (response.ok) return text
    throw new Error(`workerd: ${text} ${this.#errors}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    this.#project[Symbol.dispose]()
  }

  async #serve(): Promise<void> {
    const port = await freePort()
    const modules = WASM.map(file => `(name = "./${file}", wasm = embed "${file}")`)
    this.#project.write(
      'config.capnp',
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "program", esModule = embed "bundle.js"), ${modules.join(', ')}],
      compatibilityDate = "2026-11-01",
      durableObjectNamespaces = [(className = "Store", uniqueKey = "store", enableSql = true)],
      durableObjectStorage = (localDisk = "storage"),
      bindings = [(name = "STORE", durableObjectNamespace = "Store")],
    )),
    (name = "storage", disk = (path = "storage", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);`,
    )
    this.#url = `http://127.0.0.1:${port}/`
    const program = join(
      this.#project.path,
      'node_modules/@cloudflare/workerd-linux-64/bin/workerd',
    )
    const started = spawn(program, ['serve', 'config.capnp'], {
      cwd: this.#project.path,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = started
    this.#errors = ''
    started.stderr.setEncoding('utf8').on('data', text => (this.#errors += String(text)))
    for (let tries = 0; ; tries++) {
      try {
        await fetch(`${this.#url}ready`)
        return
      } catch (cause) {
        if (started.exitCode !== null || tries === 200)
          throw new Error(`workerd did not start: ${this.#errors}`, { cause })
        await new Promise(next => setTimeout(next, 50))
      }
    }
  }

  async #end(): Promise<void> {
    const ending = this.#process
    if (ending === undefined || ending.exitCode !== null) return
    const ended = new Promise(done => ending.once('exit', done))
    ending.kill()
    await ended
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  await new Promise(closed => server.close(closed))
  return port
}
