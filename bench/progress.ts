import { stderr } from 'node:process'

/** A progress bar on a terminal; nothing in a pipe, or on a terminal without columns. */
export class Progress {
  readonly #label: string
  readonly #total: number
  readonly #shown: boolean
  #next = 0

  constructor(label: string, total: number) {
    this.#label = label
    this.#total = Math.max(1, total)
    this.#shown = stderr.isTTY && stderr.columns > 20
    this.update(0)
  }

  update(done: number): void {
    const now = performance.now()
    if (!this.#shown || (now < this.#next && done < this.#total)) return
    this.#next = now + 50
    const share = Math.min(1, done / this.#total)
    const width = Math.min(30, stderr.columns - this.#label.length - 12)
    const bar = width < 5 ? '' : `${'█'.repeat(Math.round(share * width)).padEnd(width, '░')} `
    stderr.write(`\r\u001B[2K${this.#label} ${bar}${Math.round(share * 100)} %`)
  }

  end(): void {
    if (this.#shown) stderr.write('\r\u001B[2K')
  }
}
