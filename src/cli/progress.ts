import type { Output } from './output.ts'

const INTERVAL = 100
const WIDTH = 24

/** One line of a terminal, drawn over and over; wiped at the end. */
export class Progress {
  readonly #output: Output | undefined
  readonly #label: string
  readonly #total: number | undefined
  readonly #began = performance.now()
  #drawn = -Infinity
  #length = 0

  /** `total` is in the unit of `update`'s first argument; without an output nothing is ever shown. */
  constructor(output: Output | undefined, label: string, total?: number) {
    this.#output = output
    this.#label = label
    this.#total = total
  }

  /** `done` of the total; `text` stands behind the bar. */
  update(done: number, text: string): void {
    if (!this.#output) return
    const now = performance.now()
    if (now - this.#drawn < INTERVAL) return
    this.#drawn = now
    const seconds = (now - this.#began) / 1000
    const line = `${this.#label} ${this.#bar(done)}${text} ${this.#rest(done, seconds)}`
      .trimEnd()
      .slice(0, this.#output.columns - 1)
    void this.#output.write(`\r${line.padEnd(this.#length)}`)
    this.#length = line.length
  }

  /** Wipes the line. */
  end(): void {
    if (!this.#output || this.#length === 0) return
    void this.#output.write(`\r${' '.repeat(this.#length)}\r`)
    this.#length = 0
  }

  #bar(done: number): string {
    if (this.#total === undefined || this.#total === 0) return ''
    const share = Math.min(1, done / this.#total)
    const full = Math.round(share * WIDTH)
    const percent = `${Math.floor(share * 100)}%`.padStart(4)
    return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]${percent} `
  }

  #rest(done: number, seconds: number): string {
    if (this.#total === undefined || done === 0 || seconds < 1) return ''
    const left = Math.ceil(((this.#total - done) / done) * seconds)
    if (left <= 0) return ''
    return left < 90 ? `${left} s left` : `${Math.ceil(left / 60)} min left`
  }
}
