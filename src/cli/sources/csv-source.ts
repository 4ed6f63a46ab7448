import { inputError } from '../cli-error.ts'
import type { ByteStream } from './byte-stream.ts'
import { CsvParser, type CsvRow } from './csv-parser.ts'
import { placeOf, type Document, type DocumentSource, type Extra } from './document.ts'
import { notUtf8 } from './not-utf8.ts'
import { RECORD_EXTRAS, type RecordMapper } from './record-mapper.ts'

/** CSV with a line of names first. The embedding is one field: '[0.1, 0.2]', base64, or numbers with commas. */
export class CsvSource implements DocumentSource {
  readonly unit = 'line'
  readonly metric = undefined
  readonly carries: readonly Extra[] = RECORD_EXTRAS
  readonly name: string
  readonly #stream: ByteStream
  readonly #mapper: RecordMapper
  readonly #delimiter: string
  #names: readonly string[] | undefined

  constructor(stream: ByteStream, mapper: RecordMapper, delimiter: string) {
    this.name = stream.name
    this.#stream = stream
    this.#mapper = mapper
    this.#delimiter = delimiter
  }

  get total(): number | undefined {
    return this.#stream.size
  }

  get done(): number {
    return this.#stream.done
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    const parser = new CsvParser(this.name, this.#delimiter)
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const decode = (part?: Uint8Array): string => {
      try {
        return part ? decoder.decode(part, { stream: true }) : decoder.decode()
      } catch {
        throw notUtf8(`${this.name}, behind ${this.#stream.done} bytes`, this.name)
      }
    }
    for await (const part of this.#stream) {
      const text = decode(part)
      if (!this.#names) this.#refuseOtherText(text)
      yield this.#map(parser.push(text))
    }
    yield this.#map(parser.push(decode(), true))
    if (!this.#names)
      throw inputError(
        `${this.name} is empty`,
        'a line with the names of the fields is expected first',
      )
  }

  doubt(): Error | undefined {
    return this.#mapper.doubt(this.name)
  }

  notes(): readonly string[] {
    return this.#mapper.notes()
  }

  close(): void {}

  /** What is no CSV, or has another delimiter, shows in its first line. */
  #refuseOtherText(start: string): void {
    const line = /^[^\r\n]*/.exec(start.replace(/^\uFEFF?\s*/, ''))?.[0] ?? ''
    if (/^(\{"|\[\s*[[{"\d-])/.test(line)) {
      throw inputError(
        `${this.name} begins like JSON, where a line of names is expected`,
        'one JSON object a line is --format jsonl, an array or object is --format json',
      )
    }
    const found = line.includes(this.#delimiter)
      ? undefined
      : OTHER_DELIMITERS.find(([delimiter]) => line.includes(delimiter))
    if (!found) return
    throw inputError(
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
        throw inputError(
          `${place}: ${fields.length} fields, the first line names ${names.length}`,
          'a field that holds the delimiter stands in quotes',
        )
      }
      // CSV has no other way to write nothing.
      const record = Object.fromEntries(
        names.map((name, i) => [name, fields[i] === '' ? null : fields[i]]),
      )
      documents.push(this.#mapper.map(record, line, place))
    }
    return documents
  }
}

/** Other delimiters that files have, and what helps. */
const OTHER_DELIMITERS: readonly (readonly [string, string, string])[] = [
  ['\t', 'tabs', '--format tsv'],
  [',', 'commas', '--format csv'],
  [
    ';',
    'semicolons',
    "write it with commas; in Python: pandas.read_csv(file, sep=';').to_csv('docs.csv', index=False)",
  ],
]

function namesOf(fields: readonly string[], file: string): readonly string[] {
  const names = fields.map(field => field.trim())
  // That is how pandas writes the index of its rows.
  if (names[0] === '' && names.length > 1 && !names.includes('index')) names[0] = 'index'
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw inputError(`${file}: the first line names '${twice}' twice`)
  return names
}
