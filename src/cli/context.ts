import { addAbortSignal } from 'node:stream'
import type { Flags } from './flags.ts'
import { interruptSignal } from './interrupt.ts'
import { Output } from './output.ts'
import { Progress } from './progress.ts'

/** What a command is given: its arguments and the world. */
export class Context {
  /** Arguments by the names that the command gave them. */
  readonly args: ReadonlyMap<string, string>
  /** What the last argument took, when it takes the rest. */
  readonly rest: readonly string[]
  readonly flags: Flags
  /** One JSON document on stdout, and nothing else. */
  readonly json: boolean
  readonly stdout: Output = new Output(process.stdout)
  readonly stderr: Output = new Output(process.stderr)
  #signal: AbortSignal | undefined

  constructor(
    args: ReadonlyMap<string, string>,
    rest: readonly string[],
    flags: Flags,
    json: boolean,
  ) {
    this.args = args
    this.rest = rest
    this.flags = flags
    this.json = json
  }

  /** An argument that the command requires, and so is there. */
  arg(name: string): string {
    const value = this.args.get(name)
    if (value === undefined) throw new Error(`the command does not declare an argument '${name}'`)
    return value
  }

  /**
   * Aborts at Ctrl-C and SIGTERM. A command that asks for it must let the event loop turn and look; without it
   * the process just ends, which leaves the file as whole.
   */
  get signal(): AbortSignal {
    return (this.#signal ??= interruptSignal())
  }

  /** Opened when it is read: an open stdin would keep the process waiting. */
  get stdinBytes(): { readonly name: string; readonly bytes: AsyncIterable<Buffer> } {
    // An input that never comes must not keep the command from stopping.
    const open = (): AsyncIterable<Buffer> => addAbortSignal(this.signal, process.stdin)
    return {
      name: 'stdin',
      bytes: { [Symbol.asyncIterator]: () => open()[Symbol.asyncIterator]() },
    }
  }

  /** All of stdin, as text. */
  async readStdin(): Promise<string> {
    const parts: Buffer[] = []
    for await (const part of this.stdinBytes.bytes) parts.push(part)
    return Buffer.concat(parts).toString('utf8')
  }

  /** A value for programs: indented for eyes on a terminal, one line in a pipe. */
  async printJson(value: unknown): Promise<void> {
    const text = JSON.stringify(value, jsonValue, this.stdout.isTTY ? 2 : undefined)
    await this.stdout.write(`${text}\n`)
  }

  /** With --json `value`, otherwise `lines`. */
  async print(value: unknown, lines: readonly string[]): Promise<void> {
    if (this.json) await this.printJson(value)
    else for (const line of lines) await this.stdout.line(line)
  }

  /** A remark beside the answer: on stderr, and not with --json. */
  async note(text: string): Promise<void> {
    if (!this.json) await this.stderr.line(text)
  }

  /** A bar on a terminal, nothing in a pipe or with --json. */
  progress(label: string, total?: number): Progress {
    const shown = !this.json && this.stderr.isTTY && process.env['TERM'] !== 'dumb'
    return new Progress(shown ? this.stderr : undefined, label, total)
  }
}

/** Numbers of 64 bits as JSON numbers where they fit, as text where they do not. */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}
