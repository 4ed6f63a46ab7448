import type { Document, DocumentSource, Extra } from '../document.ts'
import { sourceError } from '../interchange-error.ts'
import type { ByteStream } from './byte-stream.ts'
import { textLines } from './text-lines.ts'

/** All parts of a document except its vector; only an id if there is nothing else. */
export type Label = string | Omit<Document, 'embedding' | 'at'>

/** The ids, and possibly other parts, of the rows of a matrix, in order. */
export interface RowLabels {
  readonly carries: readonly Extra[]
  next(count: number): Promise<readonly Label[]>
  /** Announces the number of rows, before the first. */
  expect(rows: number): Promise<void>
  /** Reports the number of rows, after the last. */
  finish(rows: number): Promise<void>
  notes(): readonly string[]
  close(): void
}

/** The labels without a file of ids: the numbers of the rows, from 0. */
export class NumberedRows implements RowLabels {
  readonly carries: readonly Extra[] = []
  #next = 0

  next(count: number): Promise<readonly Label[]> {
    const from = this.#next
    this.#next += count
    return Promise.resolve(Array.from({ length: count }, (_, i) => String(from + i)))
  }

  expect(): Promise<void> {
    return Promise.resolve()
  }

  finish(): Promise<void> {
    return Promise.resolve()
  }

  notes(): readonly string[] {
    return []
  }

  close(): void {}
}

/** Labels from a stream. */
class StreamedRows implements RowLabels {
  readonly carries: readonly Extra[]
  readonly #name: string
  readonly #count: (() => Promise<number>) | undefined
  readonly notes: () => readonly string[]
  readonly #portions: AsyncIterator<Iterable<Label>>
  #ready: readonly Label[] = []
  #at = 0
  #given = 0

  constructor(
    name: string,
    portions: AsyncIterable<Iterable<Label>>,
    carries: readonly Extra[],
    count: (() => Promise<number>) | undefined,
    notes: () => readonly string[] = () => [],
  ) {
    this.notes = notes
    this.#name = name
    this.#portions = portions[Symbol.asyncIterator]()
    this.carries = carries
    this.#count = count
  }

  async next(count: number): Promise<readonly Label[]> {
    const labels: Label[] = []
    while (labels.length < count) {
      if (this.#at === this.#ready.length) {
        const portion = await this.#portions.next()
        if (portion.done) throw this.#mismatch(this.#given + labels.length, undefined)
        this.#ready = [...portion.value]
        this.#at = 0
      }
      const end = Math.min(this.#ready.length, this.#at + count - labels.length)
      for (; this.#at < end; this.#at++) labels.push(this.#ready[this.#at])
    }
    this.#given += count
    return labels
  }

  /**
   * Wrong ids on the right vectors are worse than none, so labels are counted before anything is stored, where that
   * is possible.
   */
  async expect(rows: number): Promise<void> {
    if (!this.#count) return
    const found = await this.#count()
    if (found !== rows) throw this.#mismatch(found, rows)
  }

  async finish(rows: number): Promise<void> {
    let left = this.#ready.length - this.#at
    while (left === 0) {
      const portion = await this.#portions.next()
      if (portion.done) return
      left = [...portion.value].length
    }
    throw this.#mismatch(this.#given + left, rows)
  }

  close(): void {
    void this.#portions.return?.()
  }

  #mismatch(found: number, rows: number | undefined): Error {
    const matrix =
      rows === undefined
        ? 'there are more rows of numbers'
        : `there ${rows === 1 ? 'is 1 row' : `are ${rows} rows`}`
    return sourceError(
      `${this.#name} has ${found} id${found === 1 ? '' : 's'}, ${matrix}`,
      'write one id for each row of numbers, in the same order',
    )
  }
}

/** One id per line. `again` opens the file a second time, to count its lines first. */
export function lineLabels(stream: ByteStream, again: (() => ByteStream) | undefined): RowLabels {
  async function* labels(): AsyncGenerator<readonly string[]> {
    let at = 0
    for await (const lines of textLines(stream)) {
      const empty = lines.indexOf('')
      if (empty >= 0) {
        const place = { source: stream.name, unit: 'line', at: at + empty + 1 } as const
        throw sourceError('the id is empty', undefined, place)
      }
      at += lines.length
      yield lines
    }
  }
  return new StreamedRows(stream.name, labels(), [], again && (() => countLines(again())))
}

async function countLines(stream: ByteStream): Promise<number> {
  let lines = 0
  let last = 10
  for await (const part of stream) {
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) lines++
    if (part.length > 0) last = part[part.length - 1]
  }
  return last === 10 ? lines : lines + 1
}

/** Documents without vectors: their ids, contents and metadata. */
export function documentLabels(source: DocumentSource): RowLabels {
  return new StreamedRows(source.name, source.documents(), source.carries, undefined, () =>
    source.notes(),
  )
}
