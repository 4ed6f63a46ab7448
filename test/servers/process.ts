import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { temporaryFolder } from './temporary-folder.ts'

/** A database server of our own: a private directory, a free port on loopback, ended by its process id. */
export interface TestServer {
  readonly port: number
  readonly directory: string
  /** Ends it as its makers intend. */
  stop(): Promise<void>
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>
  /** Again on the same directory and port. */
  start(): Promise<void>
  /** Ends it and removes its directory. */
  remove(): Promise<void>
}

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Below the range that systems hand out for outgoing connections: nobody takes it before the server does. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const free = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise(resolve => {
      server.close(resolve)
    })
    return port
  }
}

/** Servers refuse to run as root: they get the account that their package made. */
export function accountOf(user: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(candidate => candidate.startsWith(`${user}:`))
  if (line === undefined) return undefined
  const [, , uid, gid] = line.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

export function privateDirectory(name: string, account: Account | undefined): string {
  const directory = temporaryFolder(name)
  if (account !== undefined) chownSync(directory, account.uid, account.gid)
  return directory
}

export function found(...candidates: readonly string[]): string | undefined {
  return candidates.find(candidate => existsSync(candidate))
}

export function runToEnd(
  command: string,
  args: readonly string[],
  account: Account | undefined,
  cwd: string,
): void {
  execFileSync(command, [...args], { stdio: ['ignore', 'ignore', 'pipe'], cwd, ...account })
}

/** A process that is started, watched and ended. */
export class ServerProcess {
  readonly #command: string
  readonly #args: readonly string[]
  readonly #account: Account | undefined
  readonly #cwd: string
  readonly #log: string | undefined
  #child: ChildProcess | undefined
  #errors = ''

  /** `log` is the file that the server writes its errors to, where it does not write them to stderr. */
  constructor(
    command: string,
    args: readonly string[],
    account: Account | undefined,
    cwd: string,
    log?: string,
  ) {
    this.#command = command
    this.#args = args
    this.#account = account
    this.#cwd = cwd
    this.#log = log
  }

  async start(ready: () => Promise<boolean>, more: readonly string[] = []): Promise<void> {
    this.#errors = ''
    const child = spawn(this.#command, [...this.#args, ...more], {
      cwd: this.#cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...this.#account,
    })
    child.stderr?.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-4000)
    })
    this.#child = child
    // A test that ends early must not leave its server behind.
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    const end = Date.now() + 60_000
    while (Date.now() < end) {
      if (child.exitCode !== null) break
      if (await ready()) return
      await new Promise(resolve => {
        setTimeout(resolve, 50)
      })
    }
    await this.end('SIGKILL')
    const log =
      this.#log !== undefined && existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : ''
    throw new Error(`${this.#command} did not start: ${this.#errors}${log.slice(-4000)}`)
  }

  get running(): boolean {
    return (
      this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
    )
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise(resolve => {
      child.once('exit', resolve)
    })
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await gone
    clearTimeout(timer)
  }
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}
