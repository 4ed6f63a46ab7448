import { encodeEmbedding, VecError } from '../../main.ts'
import { parseVectorText } from '../../vector.ts'
import { inputError } from '../cli-error.ts'
import type { CommandOptions } from '../command.ts'
import type { Flags } from '../flags.ts'
import { didYouMean } from '../nearest.ts'
import type { Document, Extra } from './document.ts'

/** A document as a source has it: values under names. */
export type SourceRecord = Readonly<Record<string, unknown>>

type Part = 'id' | 'embedding' | 'content' | 'meta' | 'dataset' | 'model' | 'archived'

/** Names that are understood without being told. */
const USUAL: Readonly<Record<Part, readonly string[]>> = {
  id: ['id', 'doc_id', '_id'],
  embedding: ['embedding', 'vector', 'values', 'embeddings'],
  content: ['content', 'text', 'contents', 'document'],
  meta: ['meta', 'metadata'],
  dataset: ['dataset_id', 'dataset', 'namespace'],
  model: ['embedding_model', 'model'],
  archived: ['archived'],
}
const PARTS = Object.keys(USUAL) as readonly Part[]

export const FIELD_OPTIONS: CommandOptions = {
  ...Object.fromEntries(
    PARTS.map(part => [
      `${part}-field`,
      {
        type: 'string' as const,
        value: 'name',
        description: `the field with the ${part} (${USUAL[part].join(', ')})`,
      },
    ]),
  ),
  'drop-rest': {
    type: 'boolean',
    description: 'leave other fields out, which else are gathered in meta',
  },
}

/** What a record may tell of a document. */
export const RECORD_EXTRAS: readonly Extra[] = ['content', 'meta', 'embedding_model', 'archived']

/** Makes documents of records whose fields have any names. */
export class RecordMapper {
  readonly #given: Partial<Record<Part, string>>
  readonly #dropRest: boolean
  #names: Partial<Record<Part, string>> | undefined

  constructor(flags: Flags, known: Partial<Record<Part, string>> = {}) {
    const given: Partial<Record<Part, string>> = { ...known }
    for (const part of PARTS) {
      const name = flags.text(`${part}-field`)
      if (name !== undefined) given[part] = name
    }
    this.#given = given
    this.#dropRest = flags.on('drop-rest')
  }

  /** `place` is said in errors: 'words.jsonl, line 3'. */
  map(record: SourceRecord, at: number, place: string): Document {
    const names = this.#namesIn(record, place)
    const id = textOf(field(record, names.id))
    if (id === null) throw this.#without('id', record, place)
    if (id === '') throw inputError(`${place}: the id is empty`)
    return {
      dataset: textOf(field(record, names.dataset)) ?? undefined,
      id,
      embedding: embeddingOf(field(record, names.embedding), place),
      content: textOf(field(record, names.content)),
      meta: this.#metaOf(record, names),
      model: textOf(field(record, names.model)),
      archived: isTrue(field(record, names.archived)),
      at,
    }
  }

  /** What each part is called here: as the user says, or the first usual name that is there. */
  #namesIn(record: SourceRecord, place: string): Partial<Record<Part, string>> {
    if (this.#names && this.#stillFit(record, this.#names)) return this.#names
    const names: Partial<Record<Part, string>> = { ...this.#given }
    for (const part of PARTS) {
      const found = names[part] ?? USUAL[part].find(name => Object.hasOwn(record, name))
      if (found !== undefined) names[part] = found
    }
    for (const part of ['id', 'embedding', 'content'] as const) {
      const name = this.#given[part]
      // A field may be missing in one record, but the first one shows whether its name is right.
      if (!this.#names && name !== undefined && !Object.hasOwn(record, name)) {
        throw this.#without(part, record, place)
      }
    }
    this.#names = names
    return names
  }

  #stillFit(record: SourceRecord, names: Partial<Record<Part, string>>): boolean {
    return PARTS.every(part => {
      const name = names[part]
      if (name !== undefined && Object.hasOwn(record, name)) return true
      return !USUAL[part].some(usual => Object.hasOwn(record, usual))
    })
  }

  #metaOf(record: SourceRecord, names: Partial<Record<Part, string>>): string | null {
    const meta = field(record, names.meta)
    const taken = new Set(Object.values(names))
    const rest = this.#dropRest ? [] : Object.keys(record).filter(name => !taken.has(name))
    if (rest.length === 0) return textOf(meta)
    const own = typeof meta === 'string' ? parseObject(meta) : meta
    // Text that is no object cannot take the others in: it stands among them.
    const known = isObject(own) ? own : meta === undefined || meta === null ? {} : { meta }
    return JSON.stringify({
      ...Object.fromEntries(rest.map(name => [name, record[name]])),
      ...known,
    })
  }

  #without(part: Part, record: SourceRecord, place: string): Error {
    const fields = Object.keys(record)
    const wanted = this.#given[part]
    const what = wanted === undefined ? `there is no ${part}` : `there is no field '${wanted}'`
    const guess = wanted === undefined ? '' : didYouMean(wanted, fields)
    return inputError(
      `${place}: ${what}${guess}; the fields are ${fields.join(', ') || 'none'}`,
      `name the right one with --${part}-field`,
    )
  }
}

function field(record: SourceRecord, name: string | undefined): unknown {
  return name !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return String(value)
  }
  return JSON.stringify(value)
}

/** 1, true, and how CSV writes them. */
function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 'true'
}

function embeddingOf(value: unknown, place: string): Uint8Array | null {
  if (value === undefined || value === null || value === '') return null
  if (value instanceof Uint8Array) return value
  try {
    if (typeof value === 'string') return encodeEmbedding(parseVectorText(value))
    if (Array.isArray(value)) {
      const wrong = value.findIndex(number => typeof number !== 'number')
      if (wrong >= 0) {
        throw inputError(
          `${place}: number ${wrong} of the embedding is ${JSON.stringify(value[wrong])}: numbers are expected`,
        )
      }
      if (value.length === 0) throw inputError(`${place}: the embedding is empty`)
      return encodeEmbedding(value as number[])
    }
  } catch (error) {
    if (!(error instanceof VecError)) throw error
    throw inputError(`${place}: ${error.message}`, error.hint)
  }
  throw inputError(
    `${place}: the embedding is ${JSON.stringify(value)?.slice(0, 60)}: expected is an array of numbers, or text`,
    "'[0.1, 0.2]', base64 of float32, or numbers with commas",
  )
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
