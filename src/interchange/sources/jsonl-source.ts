import { parseJson } from '../../core/exact-json.ts'
import { jsonProblem } from '../../core/json-error.ts'
import { placeOf, type Document, type SourceRecord } from '../document.ts'
import { optionText, sourceError, type Place } from '../interchange-error.ts'
import { textLines } from './text-lines.ts'
import { TextSource } from './text-source.ts'

const ONE_A_LINE =
  'write one object per line: {"id": "a", "embedding": [0.1, 0.2], "content": "..."}'

/** One JSON object per line; empty lines are skipped. */
export class JsonlSource extends TextSource {
  readonly unit = 'line'

  async *documents(): AsyncGenerator<readonly Document[]> {
    let at = 0
    for await (const lines of textLines(this.stream)) {
      const documents: Document[] = []
      for (const line of lines) {
        at++
        if (line.trim() === '') continue
        const place = placeOf(this, at)
        documents.push(this.mapper.map(parseLine(line, place), place))
      }
      yield documents
    }
  }
}

function parseLine(line: string, place: Place): SourceRecord {
  let value: unknown
  try {
    value = parseJson(line)
  } catch {
    throw sourceError(
      `not JSON: ${jsonProblem(line)}`,
      /^\s*[[{]\s*$/.test(line)
        ? `for an array or object over many lines, use ${optionText('format', 'json')}`
        : `${ONE_A_LINE}; for another format: ${optionText('format')}`,
      place,
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as SourceRecord
  }
  throw sourceError(
    `expected a JSON object, got ${Array.isArray(value) ? 'an array' : JSON.stringify(value)}`,
    Array.isArray(value)
      ? `for an array of documents or embeddings, use ${optionText('format', 'json')}`
      : ONE_A_LINE,
    place,
  )
}
