import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import { knownWord } from '../../core/known-word.ts'
import { blocksOf, type Block } from './blocks.ts'
import { partsOf, PARTS, type Part } from './parts.ts'

export interface ChunkOptions {
  /** 'markdown' also splits at headings and keeps fenced code together; default 'text'. */
  readonly format?: 'text' | 'markdown'
  /** The maximum size of a chunk; default 1000. */
  readonly maxSize?: number
  /** The maximum size of the end of a chunk that the next one repeats; default 0, less than `maxSize`. */
  readonly overlap?: number
  /**
   * The size of a text; default its length in UTF-16 code units. Pass the token count of your model here. The size must
   * not decrease when a text grows.
   */
  readonly measure?: (text: string) => number
}

const OPTIONS = ['format', 'maxSize', 'overlap', 'measure']

/** A part of a text: `text` is `source.slice(start, end)`. */
export interface Chunk {
  readonly text: string
  /** Offset of the first code unit in the source. */
  readonly start: number
  /** Offset after the last code unit. */
  readonly end: number
  /** Markdown: the headings above the chunk, outermost first. */
  readonly headings: readonly string[]
}

/**
 * Splits a text into chunks for embedding, in order. It splits between sections if possible, otherwise between
 * paragraphs, sentences, words, or characters as a reader sees them. All text except white space is in some chunk. A
 * chunk exceeds `maxSize` only if a single character does. Throws TypeError and RangeError for options out of range.
 *
 *     chunkText(markdown, { format: 'markdown', maxSize: 800, overlap: 100 }).map(({ text, start }) => ...)
 */
export function chunkText(source: string, options: ChunkOptions = {}): Chunk[] {
  if (typeof source !== 'string') throw argumentError('chunkText', 'text', source, 'a string')
  requirePlainObject('chunkText', 'options', options, 'an object')
  for (const name of Object.keys(options)) knownWord('option of chunkText()', name, OPTIONS)
  const { format = 'text', maxSize = 1000, overlap = 0, measure = text => text.length } = options
  if (format !== 'text' && format !== 'markdown')
    throw new RangeError(
      `chunkText: expected the format 'text' or 'markdown', got ${String(format)}`,
    )
  if (!(maxSize > 0)) throw new RangeError(`chunkText: expected maxSize above 0, got ${maxSize}`)
  if (!(overlap >= 0 && overlap < maxSize)) {
    throw new RangeError(
      `chunkText: expected an overlap from 0 to below maxSize (${maxSize}), got ${overlap}`,
    )
  }
  if (typeof measure !== 'function')
    throw new TypeError(`chunkText: expected measure to be a function, got ${typeof measure}`)
  const chunker = new Chunker(source, maxSize, overlap, measure)
  for (const section of sectionsOf(blocksOf(source, format))) chunker.section(section)
  return chunker.chunks
}

/** Groups of blocks under the same headings. A heading without text goes with the section below it. */
function sectionsOf(blocks: readonly Block[]): Block[][] {
  const sections: Block[][] = []
  for (const block of blocks) {
    const last = sections.at(-1)
    if (last && (last.at(-1)!.headings === block.headings || isAbove(last, block))) last.push(block)
    else sections.push([block])
  }
  return sections
}

function isAbove(section: readonly Block[], { headings }: Block): boolean {
  const above = section.at(-1)!
  const isBare = section.every(({ isHeading }) => isHeading)
  return isBare && headings.length > above.headings.length && startsWith(headings, above.headings)
}

function startsWith(headings: readonly string[], above: readonly string[]): boolean {
  return above.every((heading, i) => headings[i] === heading)
}

class Chunker {
  readonly chunks: Chunk[] = []
  readonly #source: string
  readonly #max: number
  readonly #overlap: number
  readonly #measure: (text: string) => number

  constructor(source: string, max: number, overlap: number, measure: (text: string) => number) {
    this.#source = source
    this.#max = max
    this.#overlap = overlap
    this.#measure = measure
  }

  /** Packs as many parts as possible into each chunk. */
  section(blocks: readonly Block[]): void {
    const { headings } = blocks.at(-1)!
    const parts = blocks.flatMap(block => this.#fitting(block, 0))
    let start = -1
    let end = -1
    for (const part of parts) {
      if (start < 0) start = part.start
      else if (!this.#fits(start, part.end)) {
        this.#add(start, end, headings)
        start = this.#overlapStart(start, end, part)
      }
      end = part.end
    }
    if (start >= 0) this.#add(start, end, headings)
  }

  /** The part itself if it is small enough, otherwise its parts of the next finer kind. */
  #fitting(part: Part, level: number): Part[] {
    const kind = PARTS[level]
    if (kind === undefined || this.#fits(part.start, part.end)) return [part]
    return partsOf(this.#source, part, kind).flatMap(one => this.#fitting(one, level + 1))
  }

  /** Where a chunk that continues with `next` begins, so that it repeats the end of the previous one. */
  #overlapStart(start: number, end: number, next: Part): number {
    if (this.#overlap === 0) return next.start
    for (const kind of PARTS) {
      let first = next.start
      for (const part of partsOf(this.#source, { start, end }, kind).toReversed()) {
        if (part.start === start || this.#size(part.start, end) > this.#overlap) break
        if (!this.#fits(part.start, next.end)) break
        first = part.start
      }
      if (first < next.start) return first
    }
    return next.start
  }

  #add(from: number, to: number, headings: readonly string[]): void {
    const all = this.#source.slice(from, to)
    const start = from + (all.length - all.trimStart().length)
    const text = all.trim()
    if (text !== '') this.chunks.push({ text, start, end: start + text.length, headings })
  }

  #fits(start: number, end: number): boolean {
    return this.#size(start, end) <= this.#max
  }

  #size(start: number, end: number): number {
    return this.#measure(this.#source.slice(start, end).trim())
  }
}
