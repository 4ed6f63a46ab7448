import { addAbortSignal } from 'node:stream'
import { permitted } from '../core/permitted.ts'
import type { Flags } from './flags.ts'
import { interruptSignal } from './interrupt.ts'
import { Output } from './output.ts'
import { Progress } from './progress.ts'

/** The arguments of a command, and its access to the outside. */
export class Context {
  /** Arguments by the names that the command declares. */
  readonly args: ReadonlyMap<string, string>
  /** The values of the last argument, if it takes the rest. */
  readonly rest: readonly string[]
  readonly flags: Flags
  /** Prints exactly one JSON document on stdout. */
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

  /** The value of a required argument. */
  arg(name: string): string {
    const value = this.args.get(name)
    if (value === undefined) throw new Error(`the command does not declare an argument '${name}'`)
    return value
  }

  /**
   * Aborts on Ctrl-C and SIGTERM. A command that uses it must check it between turns of the event loop. Without it the
   * process simply ends, which leaves the file intact as well.
   */
  get signal(): AbortSignal {
    return (this.#signal ??= interruptSignal())
  }

  /** Opened on first use: an open stdin would keep the process waiting. */
  get stdinBytes(): { readonly name: string; readonly bytes: AsyncIterable<Buffer> } {
    // An input that never arrives must not prevent the command from stopping.
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

  /** Prints a value as JSON: indented on a terminal, on one line in a pipe. */
  async printJson(value: unknown): Promise<void> {
    const text = JSON.stringify(value, jsonValue, this.stdout.isTTY ? 2 : undefined)
    await this.stdout.write(`${text}\n`)
  }

  /** Prints `value` with --json, `lines` otherwise. */
  async print(value: unknown, lines: readonly string[]): Promise<void> {
    if (this.json) await this.printJson(value)
    else for (const line of lines) await this.stdout.line(line)
  }

  /** Prints a note on stderr, but not with --json. */
  async note(text: string): Promise<void> {
    if (!this.json) await this.stderr.line(text)
  }

  /** A progress bar on a terminal; nothing in a pipe or with --json. */
  progress(label: string, total?: number): Progress {
    const shown = !this.json && this.stderr.isTTY && permitted(() => process.env['TERM']) !== 'dumb'
    return new Progress(shown ? this.stderr : undefined, label, total)
  }
}

/** 64-bit integers as JSON numbers if they fit, as text otherwise. */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}
