import { isatty } from 'node:tty'
import { visible, visibleLine } from '../core/visible.ts'

/**
 * A stream that people or programs read. All text leaves the program here. A pipe or a file receives it unchanged. On a
 * terminal, control characters from any source are shown, not obeyed.
 */
export class Output {
  readonly #stream: NodeJS.WriteStream & { readonly fd: number }
  readonly isTTY: boolean

  constructor(stream: NodeJS.WriteStream & { readonly fd: number }) {
    this.#stream = stream
    this.isTTY = isatty(stream.fd)
  }

  /** The width of the terminal; unlimited in a pipe. */
  get columns(): number {
    return this.isTTY ? this.#stream.columns || 80 : Infinity
  }

  /** Writes text of any number of lines. Waits while the reader is slower. */
  async write(text: string): Promise<void> {
    await this.#send(this.isTTY ? visible(text) : text)
  }

  /** Writes one line. On a terminal, a line end inside it is made visible. */
  async line(text = ''): Promise<void> {
    await this.#send(`${this.isTTY ? visibleLine(text) : text}\n`)
  }

  /** Overwrites the `length` characters on the terminal's current line with `text`. */
  redraw(text: string, length: number): void {
    void this.#send(`\r${visibleLine(text).padEnd(length)}`)
  }

  /** Another listener handles a stream that accepts no more; this wait ends in any case. */
  #send(text: string): Promise<void> {
    return new Promise(sent => {
      try {
        if (this.#stream.write(text, () => sent())) sent()
      } catch (error) {
        // Deno throws what Node and Bun emit.
        this.#stream.emit('error', error)
        sent()
      }
    })
  }
}
