import { inputError } from '../cli-error.ts'
import type { ByteStream } from './byte-stream.ts'
import { CsvParser, type CsvRow } from './csv-parser.ts'
import { placeOf, type Document, type DocumentSource, type Extra } from './document.ts'
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
        throw inputError(`${this.name} is not UTF-8 text, after ${this.#stream.done} bytes`)
      }
    }
    for await (const part of this.#stream) yield this.#map(parser.push(decode(part)))
    yield this.#map(parser.push(decode(), true))
    if (!this.#names) throw inputError(`${this.name} is empty: a line with the names is expected`)
  }

  doubt(): Error | undefined {
    return this.#mapper.doubt(this.name)
  }

  notes(): readonly string[] {
    return this.#mapper.notes()
  }

  close(): void {}

  #refuseOtherDelimiter(names: readonly string[]): void {
    if (names.length > 1) return
    const [name] = names
    const found = OTHER_DELIMITERS.find(
      ([delimiter]) => delimiter !== this.#delimiter && name.includes(delimiter),
    )
    if (!found) return
    throw inputError(
      `${this.name}: the first line names one field, '${name.slice(0, 60)}', and ${found[1]} seem to be between others`,
      found[2],
    )
  }

  #map(rows: readonly CsvRow[]): Document[] {
    const documents: Document[] = []
    for (const { fields, line } of rows) {
      const names = this.#names
      if (!names) {
        this.#names = namesOf(fields, this.name)
        this.#refuseOtherDelimiter(this.#names)
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

/** One field alone, with other delimiters in it. */
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
