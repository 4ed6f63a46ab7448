import type { Part } from './parts.ts'

/**
 * A paragraph, a fenced block of code, or a heading without text after it. Blocks of one section share one `headings`.
 */
export interface Block extends Part {
  readonly headings: readonly string[]
  readonly isHeading: boolean
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/
const BLANK = /^[ \t]*$/

/** The blocks of a text, without the blank lines between them. */
export function blocksOf(source: string, format: 'text' | 'markdown'): Block[] {
  const reader = new BlockReader(format === 'markdown')
  let start = 0
  while (start < source.length) {
    const at = source.indexOf('\n', start)
    const end = at < 0 ? source.length : at + 1
    reader.line(source.slice(start, end).replace(/\r?\n$/, ''), start, end)
    start = end
  }
  reader.flush()
  return reader.blocks
}

class BlockReader {
  readonly blocks: Block[] = []
  readonly #markdown: boolean
  #headings: readonly string[] = []
  readonly #levels: number[] = []
  /** Where the current block starts. */
  #start = -1
  #end = -1
  /** The marks that end the current fenced block. */
  #fence: string | undefined
  /** The line before, while a setext underline would make it a heading. */
  #title: string | undefined

  constructor(markdown: boolean) {
    this.#markdown = markdown
  }

  line(text: string, start: number, end: number): void {
    if (this.#fence !== undefined) {
      this.#end = end
      const mark = FENCE.exec(text)?.[1]
      if (
        mark?.startsWith(this.#fence) &&
        BLANK.test(text.slice(text.indexOf(mark) + mark.length))
      ) {
        this.#fence = undefined
        this.flush()
      }
      return
    }
    if (BLANK.test(text)) {
      this.flush()
      return
    }
    if (this.#markdown && this.#special(text, start, end)) return
    this.#title = this.#start < 0 ? text.trim() : undefined
    this.#extend(start, end)
  }

  flush(isHeading = false): void {
    if (this.#start >= 0) {
      const headings = this.#headings
      this.blocks.push({ start: this.#start, end: this.#end, headings, isHeading })
    }
    this.#start = -1
    this.#title = undefined
  }

  /** Handles a fence or a heading. */
  #special(text: string, start: number, end: number): boolean {
    const fence = FENCE.exec(text)?.[1]
    if (fence !== undefined) {
      this.flush()
      this.#fence = fence
      this.#extend(start, end)
      return true
    }
    const [, marks, title] = HEADING.exec(text) ?? []
    if (marks !== undefined) {
      this.flush()
      this.#enter(marks.length, title)
      this.#extend(start, end)
      this.flush(true)
      return true
    }
    const underline = UNDERLINE.exec(text)?.[1]
    if (underline === undefined || this.#title === undefined) return false
    this.#enter(underline.startsWith('=') ? 1 : 2, this.#title)
    this.#extend(start, end)
    this.flush(true)
    return true
  }

  #enter(level: number, title: string): void {
    const kept = this.#levels.findIndex(one => one >= level)
    const depth = kept < 0 ? this.#levels.length : kept
    this.#levels.splice(depth, Infinity, level)
    this.#headings = [...this.#headings.slice(0, depth), title]
  }

  #extend(start: number, end: number): void {
    if (this.#start < 0) this.#start = start
    this.#end = end
  }
}
