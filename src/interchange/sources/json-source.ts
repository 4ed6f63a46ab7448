import { parseJson } from '../../core/exact-json.ts'
import { jsonErrorOf, TOO_DEEP } from '../../core/json-error.ts'
import { shellWord } from '../../core/shell-word.ts'
import { placeOf, type Document, type SourceRecord } from '../document.ts'
import { optionText, sourceError, type Place } from '../interchange-error.ts'
import type { ByteStream } from './byte-stream.ts'
import { JsonSplitter, type JsonEntry } from './json-splitter.ts'
import type { RecordMapper } from './record-mapper.ts'
import { TextSource } from './text-source.ts'

/**
 * One JSON array or object. An element is an object with the fields of a document, or its embedding alone. A member
 * is `id: embedding`, or `id: {...}` with the other fields.
 */
export class JsonSource extends TextSource {
  readonly unit = 'entry'
  readonly #idsAlone: boolean

  /** `idsAlone`: an element may be only an id. */
  constructor(stream: ByteStream, mapper: RecordMapper, idsAlone: boolean) {
    super(stream, mapper)
    this.#idsAlone = idsAlone
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    const splitter = new JsonSplitter(this.name)
    let at = 0
    for await (const part of this.stream) {
      const documents = splitter.push(part).map(entry => {
        const place = { ...placeOf(this, ++at), line: entry.line }
        return this.mapper.map(recordOf(entry, place, this.#idsAlone), place)
      })
      if (documents.length > 0) yield documents
    }
    splitter.end()
  }
}

function recordOf(
  { key, text }: JsonEntry,
  place: Place & { line: number },
  idsAlone: boolean,
): SourceRecord {
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    const { problem, line } = jsonErrorOf(text) ?? { problem: TOO_DEEP, line: 1 }
    throw sourceError(`not JSON: ${problem}`, undefined, { ...place, line: place.line + line - 1 })
  }
  const isArray = Array.isArray(value)
  const numbers = isArray && (value as unknown[]).every(isNumber)
  const members = typeof value === 'object' && value !== null && !isArray
  if (key === undefined) {
    if (numbers) return { embedding: value }
    if (members) return value as SourceRecord
    if (idsAlone && (typeof value === 'string' || isNumber(value))) return { id: value }
    throw sourceError(
      `expected a document, got ${kindOf(value)}`,
      'an array must contain objects, {"id": "a", "embedding": [0.1, 0.2]}, or only embeddings',
      place,
    )
  }
  if (numbers) return { id: key, embedding: value }
  if (members) return { id: key, ...(value as SourceRecord) }
  throw sourceError(
    `expected an embedding or an object with one, got ${kindOf(value)} for '${key}'`,
    isArray
      ? `the documents seem to be inside '${key}'; extract them: jq -c ${shellWord(`.[${JSON.stringify(key)}][]`)} ${shellWord(place.source)} > docs.jsonl`
      : `for one JSON object per line, use ${optionText('format', 'jsonl')}`,
    place,
  )
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array of things other than numbers'
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`
}
