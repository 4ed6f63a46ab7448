import { requireObject } from '../../core/argument-error.ts'
import { EXTRAS, placeOf, type Document, type DocumentSource, type Extra } from '../document.ts'
import type { SourceRecord } from '../document.ts'
import type { RecordMapper } from './record-mapper.ts'

/** Records that a program has or generates. */
export interface NamedRecords {
  /** For messages. */
  readonly name: string
  readonly records: Iterable<SourceRecord> | AsyncIterable<SourceRecord>
}

/** The number of records per portion. */
const PORTION = 1000

/** Objects of a program, with the fields of documents. */
export class RecordSource implements DocumentSource {
  readonly unit = 'document'
  readonly metric = undefined
  readonly carries: readonly Extra[] = EXTRAS
  readonly name: string
  readonly total: number | undefined
  done = 0
  readonly #records: NamedRecords['records']
  readonly #mapper: RecordMapper

  constructor({ name, records }: NamedRecords, mapper: RecordMapper) {
    this.name = name
    this.total = Array.isArray(records) ? records.length : undefined
    this.#records = records
    this.#mapper = mapper
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    let documents: Document[] = []
    for await (const record of this.#records) {
      const place = placeOf(this, ++this.done)
      requireObject('importDocuments()', `${this.name}, document ${place.at}`, record, 'an object')
      documents.push(this.#mapper.map(record, place))
      if (documents.length < PORTION) continue
      yield documents
      documents = []
    }
    if (documents.length > 0) yield documents
  }

  doubt(): Error | undefined {
    return this.#mapper.doubt(this.name)
  }

  notes(): readonly string[] {
    return this.#mapper.notes()
  }

  close(): void {}
}
