import { inputError } from '../cli-error.ts'
import { parseJson } from '../exact-json.ts'
import { shellWord } from '../shell-word.ts'
import type { ByteStream } from './byte-stream.ts'
import {
  placeOf,
  type Document,
  type DocumentSource,
  type Extra,
  type SourceRecord,
} from './document.ts'
import { JsonSplitter, type JsonEntry } from './json-splitter.ts'
import { RECORD_EXTRAS, type RecordMapper } from './record-mapper.ts'

/**
 * One JSON array or object. An element is an object with the fields of a document, or its embedding alone; a member is
 * `id: embedding`, or `id: {...}` with the other fields.
 */
export class JsonSource implements DocumentSource {
  readonly unit = 'entry'
  readonly metric = undefined
  readonly carries: readonly Extra[] = RECORD_EXTRAS
  readonly name: string
  readonly #stream: ByteStream
  readonly #mapper: RecordMapper
  readonly #idsAlone: boolean

  /** `idsAlone`: an element may be an id, without anything else. */
  constructor(stream: ByteStream, mapper: RecordMapper, idsAlone: boolean) {
    this.name = stream.name
    this.#stream = stream
    this.#mapper = mapper
    this.#idsAlone = idsAlone
  }

  get total(): number | undefined {
    return this.#stream.size
  }

  get done(): number {
    return this.#stream.done
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    const splitter = new JsonSplitter(this.name)
    let at = 0
    for await (const part of this.#stream) {
      const documents = splitter.push(part).map(entry => {
        at++
        const place = `${placeOf(this, at)} (line ${entry.line})`
        return this.#mapper.map(recordOf(entry, place, this.name, this.#idsAlone), at, place)
      })
      if (documents.length > 0) yield documents
    }
    splitter.end()
  }

  doubt(): Error | undefined {
    return this.#mapper.doubt(this.name)
  }

  notes(): readonly string[] {
    return this.#mapper.notes()
  }

  close(): void {}
}

function recordOf(
  { key, text }: JsonEntry,
  place: string,
  name: string,
  idsAlone: boolean,
): SourceRecord {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    throw inputError(`${place}: not JSON: ${(cause as Error).message}`)
  }
  const isArray = Array.isArray(value)
  const numbers = isArray && (value as unknown[]).every(isNumber)
  if (key === undefined) {
    if (numbers) return { embedding: value }
    if (typeof value === 'object' && value !== null && !isArray) return value as SourceRecord
    if (idsAlone && (typeof value === 'string' || isNumber(value))) return { id: value }
    throw inputError(
      `${place}: ${kindOf(value)} is not a document`,
      'an array holds objects, {"id": "a", "embedding": [0.1, 0.2]}, or embeddings alone',
    )
  }
  if (numbers) return { id: key, embedding: value }
  if (typeof value === 'object' && value !== null && !isArray) {
    return { id: key, ...(value as SourceRecord) }
  }
  throw inputError(
    `${place}: '${key}' is ${kindOf(value)}: an embedding is expected, or an object with one`,
    isArray
      ? `the documents seem to stand inside '${key}'; bring them to the top: jq -c ${shellWord(`.[${JSON.stringify(key)}][]`)} ${shellWord(name)} > docs.jsonl`
      : 'one JSON object a line is JSONL: --format jsonl',
  )
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array of other things than numbers'
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`
}
