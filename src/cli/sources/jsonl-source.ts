import { inputError } from '../cli-error.ts'
import { parseJson } from '../exact-json.ts'
import type { ByteStream } from './byte-stream.ts'
import {
  placeOf,
  type Document,
  type DocumentSource,
  type Extra,
  type SourceRecord,
} from './document.ts'
import { RECORD_EXTRAS, type RecordMapper } from './record-mapper.ts'
import { textLines } from './text-lines.ts'

/** One JSON object a line; empty lines are skipped. */
export class JsonlSource implements DocumentSource {
  readonly unit = 'line'
  readonly metric = undefined
  readonly carries: readonly Extra[] = RECORD_EXTRAS
  readonly name: string
  readonly #stream: ByteStream
  readonly #mapper: RecordMapper

  constructor(stream: ByteStream, mapper: RecordMapper) {
    this.name = stream.name
    this.#stream = stream
    this.#mapper = mapper
  }

  get total(): number | undefined {
    return this.#stream.size
  }

  get done(): number {
    return this.#stream.done
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    let at = 0
    for await (const lines of textLines(this.#stream)) {
      const documents: Document[] = []
      for (const line of lines) {
        at++
        if (line.trim() === '') continue
        const place = placeOf(this, at)
        documents.push(this.#mapper.map(parseLine(line, place), at, place))
      }
      yield documents
    }
  }

  doubt(): Error | undefined {
    return this.#mapper.doubt(this.name)
  }

  notes(): readonly string[] {
    return this.#mapper.notes()
  }

  close(): void {}
}

function parseLine(line: string, place: string): SourceRecord {
  let value: unknown
  try {
    value = parseJson(line)
  } catch (cause) {
    throw inputError(
      `${place}: this is no JSON: ${(cause as Error).message}`,
      /^\s*[[{]\s*$/.test(line)
        ? 'one object a line is read; an array or object over many lines is --format json'
        : 'one JSON object a line is read, {"id": "a", "embedding": [0.1, 0.2]}; --format says what else the file is',
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw inputError(
      `${place}: a JSON object is expected, given is ${Array.isArray(value) ? 'an array' : JSON.stringify(value)}`,
      Array.isArray(value)
        ? 'one object a line is read; an array of documents or of embeddings is --format json'
        : 'one object a line, for instance {"id": "a", "embedding": [0.1, 0.2], "content": "..."}',
    )
  }
  return value as SourceRecord
}
