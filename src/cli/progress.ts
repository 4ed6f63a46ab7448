import { LiveLine } from './live-line.ts'
import type { Output } from './output.ts'

const INTERVAL = 100
const WIDTH = 24

/** A progress bar on one line of a terminal, erased at the end. */
export class Progress {
  readonly #line: LiveLine | undefined
  readonly #label: string
  #total: number | undefined
  readonly #began = performance.now()
  #drawn = -Infinity

  /** `total` is in the unit of `update`'s first argument. Without an output, nothing is ever shown. */
  constructor(output: Output | undefined, label: string, total?: number) {
    this.#line = output && new LiveLine(output)
    this.#label = label
    this.#total = total
  }

  /** Shows `done` of the total, which may become known only now. `text` follows the bar. */
  update(done: number, text: string, total: number | undefined = this.#total): void {
    if (!this.#line) return
    this.#total = total
    const now = performance.now()
    if (now - this.#drawn < INTERVAL) return
    this.#drawn = now
    const seconds = (now - this.#began) / 1000
    this.#line.draw(
      `${this.#label} ${this.#bar(done)}${text} ${this.#rest(done, seconds)}`.trimEnd(),
    )
  }

  /** Erases the line. */
  end(): void {
    this.#line?.wipe()
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
