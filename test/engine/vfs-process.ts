import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./vfs-child.js', import.meta.url))

/** A running vfs-child with its lines of output. */
export class Child {
  readonly process: ChildProcess
  readonly lines: string[] = []
  readonly #ended: Promise<unknown>
  #wake: () => void = () => undefined

  constructor(...args: string[]) {
    this.process = spawn(process.execPath, [program, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (!this.process.stdout) throw new Error('no pipe')
    // A child that does not read may be gone before it is written. Bun says so by an error.
    this.process.stdin?.on('error', () => undefined)
    const reader = createInterface(this.process.stdout)
    reader.on('line', line => {
      this.lines.push(line)
      this.#wake()
    })
    this.#ended = Promise.all([once(reader, 'close'), once(this.process, 'exit')]).then(() =>
      this.#wake(),
    )
  }

  /** Waits for a line, and fails when the child ends without it. */
  async line(expected: string): Promise<void> {
    await this.#until(() => this.lines.includes(expected), `'${expected}'`)
  }

  /** Waits until the child has said so many lines. */
  async count(lines: number): Promise<void> {
    await this.#until(() => this.lines.length >= lines, `${lines} lines`)
  }

  async #until(reached: () => boolean, what: string): Promise<void> {
    let ended = false
    void this.#ended.then(() => (ended = true))
    while (!reached()) {
      if (ended) throw new Error(`no ${what} from the child, but: ${this.lines.join('; ')}`)
      await new Promise<void>(resolve => {
        this.#wake = resolve
        void this.#ended.then(() => resolve())
      })
    }
  }

  /** Lets a child that waits go on, and waits for its end. */
  async finish(): Promise<string[]> {
    this.process.stdin?.end('\n')
    await this.#ended
    return this.lines
  }

  async end(): Promise<string[]> {
    await this.#ended
    return this.lines
  }

  async kill(): Promise<string[]> {
    // Deno's ChildProcess.kill() first closes the pipes, so that the child may end in its own way.
    process.kill(this.process.pid!, 'SIGKILL')
    return await this.end()
  }
}

/** The sqlite3 shell's answer, lines of `|`-separated columns; its error text is an Error. */
export function shell(path: string, sql: string): string[] {
  const { status, stdout, stderr } = spawnSync('sqlite3', ['-batch', path, sql], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr.trim())
  return stdout.split('\n').filter(line => line !== '')
}

/** The reason to skip a test that needs the shell; false where it is installed. */
export function noShell(): string | false {
  return spawnSync('sqlite3', ['-version']).error ? 'the sqlite3 shell is not installed' : false
}
