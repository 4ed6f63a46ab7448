import { visibleLine } from '../core/visible.ts'
import type { Output } from './output.ts'

/** The last line of a terminal, drawn again and again. */
export class LiveLine {
  readonly #output: Output
  #drawn = ''

  constructor(output: Output) {
    this.#output = output
  }

  /** Shows `text`, truncated to the width of the terminal. */
  draw(text: string): void {
    const line = visibleLine(text).slice(0, this.#output.columns - 1)
    this.#output.redraw(line, this.#drawn.length)
    this.#drawn = line
  }

  /** Prints a permanent line above the live one. */
  print(text: string): void {
    const below = this.#drawn
    this.wipe()
    void this.#output.line(text)
    if (below !== '') this.draw(below)
  }

  wipe(): void {
    if (this.#drawn === '') return
    this.#output.redraw('', this.#drawn.length)
    this.#output.redraw('', 0)
    this.#drawn = ''
  }
}
