import { EXTRAS, type DocumentSource, type Extra, type Portion } from '../document.ts'
import type { Place } from '../interchange-error.ts'
import type { ByteStream } from './byte-stream.ts'
import type { RecordMapper } from './record-mapper.ts'

/** Records with named fields, as text. */
export abstract class TextSource implements DocumentSource {
  abstract readonly unit: Place['unit']
  readonly metric = undefined
  readonly carries: readonly Extra[] = EXTRAS
  protected readonly stream: ByteStream
  protected readonly mapper: RecordMapper

  constructor(stream: ByteStream, mapper: RecordMapper) {
    this.stream = stream
    this.mapper = mapper
  }

  get name(): string {
    return this.stream.name
  }

  get total(): number | undefined {
    return this.stream.size
  }

  get done(): number {
    return this.stream.done
  }

  abstract documents(): AsyncIterable<Portion>

  doubt(): Error | undefined {
    return this.mapper.doubt(this.name)
  }

  notes(): readonly string[] {
    return this.mapper.notes()
  }

  close(): void {}
}
