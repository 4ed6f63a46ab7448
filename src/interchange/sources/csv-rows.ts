import { optionText, sourceError } from '../interchange-error.ts'
import { notUtf8 } from './not-utf8.ts'

export interface CsvRow {
  readonly fields: readonly string[]
  /** The line of the text on which the row begins, from 1. */
  readonly line: number
}

/** The maximum size of a row: a quote that is never closed must not fill the memory. */
const MAX_ROW_BYTES = 2 ** 28

/**
 * Rows of RFC 4180 in UTF-8: fields between `delimiter`, quoted if they contain delimiters, line ends or quotes
 * (doubled). LF, CR LF and CR end a row; empty lines are skipped. Yields as many rows at a time as a piece completes.
 */
export async function* csvRows(
  name: string,
  delimiter: string,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly CsvRow[]> {
  // Programs that read no CSV do not load the parser.
  const { parse } = await import('csv-parse')
  let rows: CsvRow[] = []
  let line = 1
  const parser = parse({
    bom: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: MAX_ROW_BYTES,
    // Rows are collected here: emitting them as objects of a stream would cost more than the parsing.
    on_record(fields: string[]) {
      if (fields.length > 1 || fields[0] !== '') rows.push({ fields, line })
      // The parser's own count takes CR LF inside quotes for two lines.
      for (const field of fields) line += lineEndsIn(field)
      line++
      return null
    },
  })
  // Each error arrives in the callback of the call that caused it.
  parser.on('error', () => undefined)
  const told = (call: (done: (error?: Error | null) => void) => unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      call(error => (error ? reject(refused(name, line, error)) : resolve()))
    })
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const requireUtf8 = (piece?: Uint8Array): void => {
    try {
      if (piece) decoder.decode(piece, { stream: true })
      else decoder.decode()
    } catch {
      throw notUtf8(name)
    }
  }
  const taken = (): readonly CsvRow[] => {
    const complete = rows
    rows = []
    return complete
  }
  for await (const piece of pieces) {
    requireUtf8(piece)
    await told(done => parser.write(piece, done))
    yield taken()
  }
  requireUtf8()
  await told(done => parser.end(done))
  yield taken()
}

/** Rewords an error of csv-parse. */
function refused(name: string, line: number, error: Error): Error {
  const place = { source: name, unit: 'line', at: line } as const
  switch ((error as { code?: unknown }).code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return sourceError(
        'a quote that opens a field is never closed',
        'inside a quoted field, write each quote twice',
        place,
      )
    case 'CSV_MAX_RECORD_SIZE':
      return sourceError(
        `the row is longer than ${MAX_ROW_BYTES} bytes`,
        'the closing quote of a field may be missing',
        place,
      )
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return sourceError(
        'a quote inside a field, or text after a closing quote',
        line === 1
          ? `CSV begins with a header line; for JSON, use ${optionText('format', 'jsonl')} or ${optionText('format', 'json')}`
          : 'quote a field that contains quotes, and write each quote inside it twice',
        place,
      )
    default:
      return sourceError(error.message, undefined, place)
  }
}

function lineEndsIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0
}
