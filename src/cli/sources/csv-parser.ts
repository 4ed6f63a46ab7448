import { inputError } from '../cli-error.ts'

export interface CsvRow {
  readonly fields: readonly string[]
  /** The line of the text on which the row begins, from 1. */
  readonly line: number
}

const QUOTE = 34
const LF = 10
const CR = 13

/**
 * RFC 4180, fed with pieces of text: fields between `delimiter`, in quotes where they hold delimiters, line ends or
 * quotes (doubled). LF, CR LF and CR end a row; empty lines are skipped.
 */
export class CsvParser {
  readonly #name: string
  readonly #delimiter: number
  #rest = ''
  #line = 1

  /** `name` is said in errors. */
  constructor(name: string, delimiter: string) {
    this.#name = name
    this.#delimiter = delimiter.charCodeAt(0)
  }

  /** Rows that `text` completes; the last piece has `end`. */
  push(text: string, end = false): CsvRow[] {
    const all = this.#rest + text
    const rows: CsvRow[] = []
    let at = 0
    while (at < all.length) {
      const next = this.#row(all, at, end, rows)
      if (next < 0) break
      at = next
    }
    this.#rest = all.slice(at)
    return rows
  }

  /** Reads one row from `from`; returns where the next begins, or -1 when more text is needed. */
  #row(text: string, from: number, end: boolean, rows: CsvRow[]): number {
    const { length } = text
    const delimiter = this.#delimiter
    const line = this.#line
    const fields: string[] = []
    let newlines = 0
    let at = from
    for (;;) {
      let field: string
      if (text.charCodeAt(at) === QUOTE) {
        const close = closingQuote(text, at + 1)
        // A quote at the very end may be the first of two.
        if (close < 0 || (close === length - 1 && !end)) {
          if (end) throw this.#unclosed(line + newlines)
          return -1
        }
        field = text.slice(at + 1, close).replaceAll('""', '"')
        newlines += lineEndsIn(field)
        at = close + 1
      } else {
        const start = at
        while (at < length) {
          const c = text.charCodeAt(at)
          if (c === delimiter || c === LF || c === CR) break
          if (c === QUOTE) throw this.#strayQuote(line + newlines)
          at++
        }
        field = text.slice(start, at)
      }
      fields.push(field)
      if (at >= length) {
        if (!end) return -1
        break
      }
      const c = text.charCodeAt(at)
      if (c === delimiter) {
        at++
        continue
      }
      if (c === CR) {
        // The LF that may follow belongs to it.
        if (at + 1 >= length && !end) return -1
        at += text.charCodeAt(at + 1) === LF ? 2 : 1
      } else if (c === LF) at++
      else throw this.#strayQuote(line + newlines)
      newlines++
      break
    }
    this.#line += newlines
    if (fields.length > 1 || fields[0] !== '') rows.push({ fields, line })
    return at
  }

  #unclosed(line: number): Error {
    return inputError(
      `${this.#name}, line ${line}: a quote that opens a field is never closed`,
      'inside a field in quotes a quote is written twice',
    )
  }

  #strayQuote(line: number): Error {
    return inputError(
      `${this.#name}, line ${line}: a quote inside a field, or text behind the quote that closes it`,
      line === 1
        ? 'CSV begins with a line of names; JSON is --format jsonl or --format json'
        : 'a field with quotes stands in quotes, and each inside it is written twice',
    )
  }
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from)
  while (at >= 0 && text.charCodeAt(at + 1) === QUOTE) at = text.indexOf('"', at + 2)
  return at
}

function lineEndsIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0
}
