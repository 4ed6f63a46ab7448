import { isatty } from 'node:tty'
import { visible, visibleLine } from '../core/visible.ts'

/**
 * A stream that people or programs read, and the one place where text leaves the program. A pipe or a file gets it as it
 * is; on a terminal control characters are shown, not obeyed, whatever their source.
 */
export class Output {
  readonly #stream: NodeJS.WriteStream & { readonly fd: number }
  readonly isTTY: boolean

  constructor(stream: NodeJS.WriteStream & { readonly fd: number }) {
    this.#stream = stream
    this.isTTY = isatty(stream.fd)
  }

  /** Columns of the terminal; of a pipe: as if there were no end. */
  get columns(): number {
    return this.isTTY ? this.#stream.columns || 80 : Infinity
  }

  /** Text of any number of lines; waits while the reader is slower. */
  async write(text: string): Promise<void> {
    await this.#send(this.isTTY ? visible(text) : text)
  }

  /** One line: on a terminal a line end inside it is shown, too. */
  async line(text = ''): Promise<void> {
    await this.#send(`${this.isTTY ? visibleLine(text) : text}\n`)
  }

  /** Overwrites the `length` characters on the terminal's current line with `text`. */
  redraw(text: string, length: number): void {
    void this.#send(`\r${visibleLine(text).padEnd(length)}`)
  }

  /** A stream that takes no more is watched elsewhere: waiting for it ends all the same. */
  #send(text: string): Promise<void> {
    return new Promise(sent => {
      if (this.#stream.write(text, () => sent())) sent()
    })
  }
}
