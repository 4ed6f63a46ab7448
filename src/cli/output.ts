import { once } from 'node:events'
import { isatty } from 'node:tty'

/** A stream that people or programs read. */
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

  /** Text or bytes as they are; waits while the reader is slower. */
  async write(data: string | Uint8Array): Promise<void> {
    if (!this.#stream.write(data)) await once(this.#stream, 'drain')
  }

  async line(text = ''): Promise<void> {
    await this.write(`${text}\n`)
  }
}
