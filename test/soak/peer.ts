import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./peer-process.js', import.meta.url))

/** Another process with the same file open: one of ours, or one that knows nothing of us. One request at a time. */
export class Peer {
  readonly #process: ChildProcess
  readonly #ended: Promise<void>
  #answer: ((line: string) => void) | undefined

  constructor(kind: 'ours' | 'native') {
    const child = spawn(process.execPath, [program, kind], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process = child
    // A peer that is gone says so by its exit.
    child.stdin.on('error', () => undefined)
    this.#ended = new Promise(resolve => {
      child.once('exit', () => {
        this.#answer?.('"error: the peer is gone"')
        resolve()
      })
    })
    createInterface(child.stdout).on('line', line => this.#answer?.(line))
  }

  /** What the peer answers; its errors, too, are thrown here. */
  async ask(command: string, ...params: (string | number)[]): Promise<string> {
    const line = await new Promise<string>(resolve => {
      this.#answer = resolve
      this.#process.stdin!.write(`${JSON.stringify([command, ...params])}\n`)
    })
    this.#answer = undefined
    const answer = JSON.parse(line) as string
    if (answer.startsWith('error')) throw new Error(`${command}: ${answer}`)
    return answer
  }

  async end(): Promise<void> {
    this.#process.stdin!.end()
    await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }
}
