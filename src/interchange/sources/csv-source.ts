import { placeOf, type Document } from '../document.ts'
import { optionText, sourceError } from '../interchange-error.ts'
import type { ByteStream } from './byte-stream.ts'
import { csvRows, type CsvRow } from './csv-rows.ts'
import type { RecordMapper } from './record-mapper.ts'
import { TextSource } from './text-source.ts'

/** CSV whose first line has the names. The embedding is one field: '[0.1, 0.2]', base64, or numbers with commas. */
export class CsvSource extends TextSource {
  readonly unit = 'line'
  readonly #delimiter: string
  #names: readonly string[] | undefined

  constructor(stream: ByteStream, mapper: RecordMapper, delimiter: string) {
    super(stream, mapper)
    this.#delimiter = delimiter
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    const pieces = this.#requireCsv(this.stream)
    for await (const rows of csvRows(this.name, this.#delimiter, pieces)) yield this.#map(rows)
    if (this.#names) return
    throw sourceError(
      `${this.name} is empty`,
      'write a header line with the names of the fields first',
    )
  }

  /** Other text, or another delimiter, shows in the first line. */
  async *#requireCsv(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let first = true
    for await (const piece of pieces) {
      if (first) this.#refuseOtherText(new TextDecoder().decode(piece.subarray(0, LINE_BYTES)))
      first = false
      yield piece
    }
  }

  #refuseOtherText(start: string): void {
    const line = /^[^\r\n]*/.exec(start.replace(/^\uFEFF?\s*/, ''))?.[0] ?? ''
    if (/^(\{"|\[\s*[[{"\d-])/.test(line)) {
      throw sourceError(
        `expected a header line, but ${this.name} begins like JSON`,
        `for one JSON object per line, use ${optionText('format', 'jsonl')}; for an array or object, use ${optionText('format', 'json')}`,
      )
    }
    const found = line.includes(this.#delimiter)
      ? undefined
      : OTHER_DELIMITERS.find(([delimiter]) => line.includes(delimiter))
    if (!found) return
    throw sourceError(
      `${this.name}: there are ${found[1]} in its first line, and no ${this.#delimiter === ',' ? 'commas' : 'tabs'}`,
      found[2],
    )
  }

  #map(rows: readonly CsvRow[]): Document[] {
    const documents: Document[] = []
    for (const { fields, line } of rows) {
      const names = this.#names
      if (!names) {
        this.#names = namesOf(fields, this.name)
        continue
      }
      const place = placeOf(this, line)
      if (fields.length !== names.length) {
        throw sourceError(
          `${fields.length} field${fields.length === 1 ? '' : 's'}, but the header line names ${names.length}`,
          'quote a field that contains the delimiter',
          place,
        )
      }
      // CSV cannot express null in any other way.
      const record = Object.fromEntries(
        names.map((name, i) => [name, fields[i] === '' ? null : fields[i]]),
      )
      documents.push(this.mapper.map(record, place))
    }
    return documents
  }
}

/** The maximum length of a line of names. */
const LINE_BYTES = 2 ** 16

/** Other delimiters that files use, and what to do. */
const OTHER_DELIMITERS: readonly (readonly [string, string, string])[] = [
  ['\t', 'tabs', `read it as TSV: ${optionText('format', 'tsv')}`],
  [',', 'commas', `read it as CSV: ${optionText('format', 'csv')}`],
  [
    ';',
    'semicolons',
    "write it with commas; in Python: pandas.read_csv(file, sep=';').to_csv('docs.csv', index=False)",
  ],
]

function namesOf(fields: readonly string[], file: string): readonly string[] {
  const names = fields.map(field => field.trim())
  // pandas writes the index of its rows like this.
  if (names[0] === '' && names.length > 1 && !names.includes('index')) names[0] = 'index'
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw sourceError(`${file}: the header line names '${twice}' twice`)
  return names
}
