import { encodeEmbedding, VecError } from '../../entries/main.ts'
import { parseVectorText } from '../../entries/vector.ts'
import { inputError, usageError } from '../cli-error.ts'
import type { CommandOptions } from '../command.ts'
import { parseJson, stringifyJson } from '../exact-json.ts'
import type { Flags } from '../flags.ts'
import { didYouMean } from '../nearest.ts'
import type { Document, Extra, SourceRecord } from './document.ts'
import { VectorCandidates } from './vector-candidates.ts'

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
  'no-embedding': {
    type: 'boolean',
    description: 'no field is an embedding, whatever it looks like',
  },
  'drop-rest': {
    type: 'boolean',
    description: 'leave other fields out, which else are gathered in meta',
  },
}

/** What a record may tell of a document. */
export const RECORD_EXTRAS: readonly Extra[] = ['content', 'meta', 'embedding_model', 'archived']

/** Whether an option names fields, or says what becomes of them. */
export function namesFields(flags: Flags): boolean {
  return Object.keys(FIELD_OPTIONS).some(name => flags.has(name))
}

/** Whether one of them is a usual name of the id. */
export function hasIdField(names: readonly string[]): boolean {
  return USUAL.id.some(name => names.includes(name))
}

/** Makes documents of records whose fields have any names. */
export class RecordMapper {
  readonly #given: Partial<Record<Part, string>>
  readonly #dropRest: boolean
  /** Undefined: nothing is asked, fields may look as they like. */
  readonly #candidates: VectorCandidates | undefined
  readonly #noEmbedding: boolean
  #names: Partial<Record<Part, string>> | undefined
  /** No record has an id: so many were numbered. */
  #numbered: number | undefined
  #embedded = false

  constructor(flags: Flags, known: Partial<Record<Part, string>> = {}) {
    const given: Partial<Record<Part, string>> = { ...known }
    for (const part of PARTS) {
      const name = flags.text(`${part}-field`)
      if (name !== undefined) given[part] = name
    }
    this.#given = given
    this.#dropRest = flags.on('drop-rest')
    this.#noEmbedding = flags.on('no-embedding')
    if (this.#noEmbedding && flags.has('embedding-field')) {
      throw usageError('--no-embedding and --embedding-field contradict each other')
    }
    const asked = this.#noEmbedding || flags.has('embed-command')
    this.#candidates = asked ? undefined : new VectorCandidates()
  }

  /** `place` is said in errors: 'words.jsonl, line 3'. */
  map(record: SourceRecord, at: number, place: string): Document {
    const names = this.#namesIn(record, place)
    const embedding = this.#noEmbedding ? null : embeddingOf(field(record, names.embedding), place)
    if (embedding) this.#embedded = true
    else if (!this.#embedded) this.#candidates?.look(record)
    return {
      dataset: textOf(field(record, names.dataset), place) ?? undefined,
      id: this.#idOf(record, names, place),
      embedding,
      content: textOf(field(record, names.content), place),
      meta: this.#metaOf(record, names, place),
      model: textOf(field(record, names.model), place),
      archived: archivedOf(field(record, names.archived)),
      at,
    }
  }

  /** Why nothing should be stored of the records that were mapped so far, if there is a reason. */
  doubt(name: string): Error | undefined {
    return this.#embedded ? undefined : this.#candidates?.doubt(name)
  }

  /** What a user should know of all this. */
  notes(): readonly string[] {
    return this.#numbered === undefined
      ? []
      : ['the documents have no id: their numbers are their ids, from 0']
  }

  #idOf(record: SourceRecord, names: Partial<Record<Part, string>>, place: string): string {
    const id = textOf(field(record, names.id), place)
    if (id === '') throw inputError(`${place}: the id is empty`)
    if (this.#numbered !== undefined) {
      if (id === null) return String(this.#numbered++)
      throw inputError(
        `${place}: the document has an id, '${id}', and those before it have none`,
        'give all documents an id, or none',
      )
    }
    if (id === null) throw this.#without('id', record, place)
    return id
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
    if (!this.#names && names.id === undefined) this.#numbered = 0
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

  #metaOf(
    record: SourceRecord,
    names: Partial<Record<Part, string>>,
    place: string,
  ): string | null {
    const meta = field(record, names.meta)
    const taken = new Set(Object.values(names))
    const rest = this.#dropRest ? [] : Object.keys(record).filter(name => !taken.has(name))
    if (rest.length === 0) return textOf(meta, place)
    const own = typeof meta === 'string' ? parseObject(meta) : meta
    // Text that is no object cannot take the others in: it stands among them.
    const known = isObject(own) ? own : meta === undefined || meta === null ? {} : { meta }
    return jsonOf(
      { ...Object.fromEntries(rest.map(name => [name, plain(record[name])])), ...known },
      place,
    )
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

function textOf(value: unknown, place: string): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return String(value)
  }
  return value instanceof Uint8Array ? textIn(value) : jsonOf(value, place)
}

/** The text that bytes hold, or base64. */
function textIn(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return Buffer.from(bytes).toString('base64')
  }
}

function jsonOf(value: unknown, place: string): string {
  try {
    return stringifyJson(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw inputError(
      `${place}: a value is nested too deeply to be stored`,
      'SQLite reads JSON that is nested 1,000 deep at the most; --drop-rest leaves other fields out',
    )
  }
}

/** JSON has no bytes. */
function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

/** 1, true, and how CSV writes them. Undefined: it is not said. */
function archivedOf(value: unknown): boolean | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return value === true || value === 1 || value === '1' || value === 'true'
}

function embeddingOf(value: unknown, place: string): Uint8Array | null {
  if (value === undefined || value === null || value === '') return null
  if (value instanceof Uint8Array) return value.length === 0 ? null : value
  try {
    if (typeof value === 'string') return encodeEmbedding(parseVectorText(value))
    if (Array.isArray(value)) {
      const wrong = value.findIndex(
        number => typeof number !== 'number' && typeof number !== 'bigint',
      )
      if (wrong >= 0) {
        throw inputError(
          `${place}: number ${wrong} of the embedding is ${shown(value[wrong])}: numbers are expected`,
        )
      }
      if (value.length === 0) throw inputError(`${place}: the embedding is empty`)
      return encodeEmbedding(value.map(Number))
    }
  } catch (error) {
    if (!(error instanceof VecError)) throw error
    throw inputError(`${place}: ${error.message}`, error.hint)
  }
  throw inputError(
    `${place}: the embedding is ${shown(value)}: an array of numbers is expected, or text`,
    "'[0.1, 0.2]', base64 of float32, or numbers with commas",
  )
}

function shown(value: unknown): string {
  try {
    return stringifyJson(plain(value)).slice(0, 60)
  } catch {
    return 'nested deeply'
  }
}

function parseObject(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
