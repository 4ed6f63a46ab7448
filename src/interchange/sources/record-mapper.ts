import { typedArrayName } from '../../core/describe-value.ts'
import { encodeEmbedding } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import { parseJson, stringifyJson } from '../../core/exact-json.ts'
import { parseVectorText } from '../../core/parse-vector.ts'
import type { VectorInput } from '../../core/read-vector.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { DeclaredColumn } from '../../tables/describe-table.ts'
import { columnValue, type Typing } from '../declared-column.ts'
import type { Document, SourceRecord } from '../document.ts'
import { optionError, optionText, sourceError, type Place } from '../interchange-error.ts'
import { VectorCandidates } from './vector-candidates.ts'

/** The parts of a document that a field of a record can hold. */
export const PARTS = ['id', 'embedding', 'content', 'meta', 'dataset', 'model', 'archived'] as const
type Part = (typeof PARTS)[number]
type Names = { readonly [part in Part]?: string | undefined }

/** Field names that are recognized by default. */
export const USUAL_FIELDS: Readonly<Record<Part, readonly string[]>> = {
  id: ['id', 'doc_id', '_id'],
  embedding: ['embedding', 'vector', 'values', 'embeddings'],
  content: ['content', 'text', 'contents', 'document'],
  meta: ['meta', 'metadata'],
  dataset: ['dataset_id', 'dataset', 'namespace'],
  model: ['embedding_model', 'model'],
  archived: ['archived'],
}

/** How records become documents. */
export interface RecordOptions {
  /** The fields that hold the parts of a document, if their names are not the usual ones. */
  readonly fields?: Names | undefined
  /** Treats no field as an embedding, whatever it looks like. */
  readonly noEmbedding?: boolean | undefined
  /** Drops other fields. By default they are gathered in meta. */
  readonly dropRest?: boolean | undefined
}

/** What the source and the target determine. */
export interface MapperSetting {
  /** The field names of a source that fixes them. */
  readonly known?: Names
  /** The stored declared columns of the target. Fields of their names are their values. */
  readonly columns: readonly DeclaredColumn[]
  readonly typing: Typing
}

/** Whether an option names fields, or determines their use. */
export function namesFields({ fields = {}, noEmbedding, dropRest }: RecordOptions): boolean {
  const named = PARTS.some(part => fields[part] !== undefined)
  return named || noEmbedding === true || dropRest === true
}

/** Whether one of the names is a usual name of the id. */
export function hasIdField(names: readonly string[]): boolean {
  return USUAL_FIELDS.id.some(name => names.includes(name))
}

/** Converts records with any field names to documents. */
export class RecordMapper {
  readonly #given: Names
  readonly #dropRest: boolean
  readonly #columns: readonly DeclaredColumn[]
  readonly #typing: Typing
  /** The usual names of each part, except those of columns. */
  readonly #usual: Readonly<Record<Part, readonly string[]>>
  /** Undefined if fields need not be checked for vectors. */
  readonly #candidates: VectorCandidates | undefined
  readonly #noEmbedding: boolean
  #names: Names | undefined
  /** The number of records without an id that were numbered; undefined if records have ids. */
  #numbered: number | undefined
  #embedded = false

  /** `embeds`: contents without an embedding will get one. */
  constructor(options: RecordOptions, embeds: boolean, setting: MapperSetting) {
    const { known = {}, columns, typing } = setting
    const { fields = {}, dropRest = false, noEmbedding = false } = options
    const told = Object.entries(fields).filter(([, name]) => name !== undefined)
    this.#given = { ...known, ...Object.fromEntries(told) }
    this.#dropRest = dropRest
    this.#columns = columns
    this.#typing = typing
    const taken = new Set(columns.map(({ name }) => name))
    const usual: Record<Part, readonly string[]> = { ...USUAL_FIELDS }
    for (const part of PARTS) usual[part] = usual[part].filter(name => !taken.has(name))
    this.#usual = usual
    this.#noEmbedding = noEmbedding
    if (noEmbedding && fields.embedding !== undefined) {
      throw optionError(
        'noEmbedding',
        `${optionText('noEmbedding', true)} and ${optionText('fields.embedding', fields.embedding)} contradict each other`,
      )
    }
    this.#candidates = noEmbedding || embeds ? undefined : new VectorCandidates()
  }

  map(record: SourceRecord, place: Place): Document {
    const names = this.#namesIn(record, place)
    const embedding = this.#noEmbedding ? null : embeddingOf(field(record, names.embedding), place)
    if (embedding) this.#embedded = true
    else if (!this.#embedded) this.#candidates?.look(this.#withoutColumns(record))
    return {
      dataset: nameOf('dataset', field(record, names.dataset), place) ?? undefined,
      id: this.#idOf(record, names, place),
      embedding,
      content: textOf(field(record, names.content), place),
      meta: this.#metaOf(record, names, place),
      model: nameOf('model', field(record, names.model), place),
      archived: archivedOf(field(record, names.archived)),
      columns: this.#columnsOf(record, names, place),
      at: place.at,
    }
  }

  /** The reason, if any, to store nothing of the records mapped so far. */
  doubt(name: string): Error | undefined {
    return this.#embedded ? undefined : this.#candidates?.doubt(name)
  }

  /** Facts that the user should know. */
  notes(): readonly string[] {
    return this.#numbered === undefined
      ? []
      : ['the documents do not have ids: they are numbered from 0']
  }

  #idOf(record: SourceRecord, names: Names, place: Place): string {
    const id = nameOf('id', field(record, names.id), place)
    if (id === '') throw sourceError('the id is empty', undefined, place)
    if (this.#numbered !== undefined) {
      if (id === null) return String(this.#numbered++)
      throw sourceError(
        `the document has the id '${id}', but the documents before it do not have ids`,
        'give every document an id, or none of them',
        place,
      )
    }
    if (id === null) throw this.#without('id', record, place)
    return id
  }

  /** The field of each part: as the user says, or the first usual name that exists. */
  #namesIn(record: SourceRecord, place: Place): Names {
    if (this.#names && this.#stillFit(record, this.#names)) return this.#names
    const names: { [part in Part]?: string | undefined } = { ...this.#given }
    for (const part of PARTS) {
      const found = names[part] ?? this.#usual[part].find(name => Object.hasOwn(record, name))
      if (found !== undefined) names[part] = found
    }
    for (const part of ['id', 'embedding', 'content'] as const) {
      const name = this.#given[part]
      // A field may be missing in one record, but the first record shows whether its name is right.
      if (!this.#names && name !== undefined && !Object.hasOwn(record, name)) {
        throw this.#without(part, record, place)
      }
    }
    if (!this.#names && names.id === undefined) this.#numbered = 0
    this.#names = names
    return names
  }

  #stillFit(record: SourceRecord, names: Names): boolean {
    return PARTS.every(part => {
      const name = names[part]
      if (name !== undefined && Object.hasOwn(record, name)) return true
      return !this.#usual[part].some(usual => Object.hasOwn(record, usual))
    })
  }

  #columnsOf(record: SourceRecord, names: Names, place: Place): Document['columns'] {
    if (this.#columns.length === 0) return undefined
    // A field that an option names as a part of the document is not a column.
    const parts = new Set(Object.values(names))
    return this.#columns.map(column =>
      parts.has(column.name)
        ? null
        : columnValue(field(record, column.name), column, this.#typing, place),
    )
  }

  #withoutColumns(record: SourceRecord): SourceRecord {
    if (this.#columns.length === 0) return record
    const taken = new Set(this.#columns.map(({ name }) => name))
    return Object.fromEntries(Object.entries(record).filter(([name]) => !taken.has(name)))
  }

  #metaOf(record: SourceRecord, names: Names, place: Place): string | null {
    const meta = field(record, names.meta)
    const taken = new Set([...Object.values(names), ...this.#columns.map(({ name }) => name)])
    const rest = this.#dropRest ? [] : Object.keys(record).filter(name => !taken.has(name))
    if (rest.length === 0) return textOf(meta, place)
    const own = typeof meta === 'string' ? parseObject(meta) : meta
    // Text that is not an object cannot hold the other fields, so it becomes one of them.
    const known = isObject(own) ? own : meta === undefined || meta === null ? {} : { meta }
    return jsonOf(
      { ...Object.fromEntries(rest.map(name => [name, plain(record[name])])), ...known },
      place,
    )
  }

  #without(part: Part, record: SourceRecord, place: Place): Error {
    const fields = Object.keys(record)
    const wanted = this.#given[part]
    const what = wanted === undefined ? `the ${part} is missing` : `there is no field '${wanted}'`
    const guess = wanted === undefined ? '' : didYouMean(wanted, fields)
    return sourceError(
      `${what}${guess}; the fields are ${fields.join(', ') || 'none'}`,
      `name the field: ${optionText(`fields.${part}`)}`,
      place,
    )
  }
}

function field(record: SourceRecord, name: string | undefined): unknown {
  return name !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
}

function textOf(value: unknown, place: Place): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return String(value)
  }
  return value instanceof Uint8Array ? textIn(value) : jsonOf(value, place)
}

/**
 * A value by which documents are looked up. An object is refused, since a lookup by its JSON text would depend on
 * spaces.
 */
function nameOf(part: Part, value: unknown, place: Place): string | null {
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    throw sourceError(
      `the ${part} is ${shown(value)}: expected a string or a number`,
      `name the field that holds it: ${optionText(`fields.${part}`)}`,
      place,
    )
  }
  return textOf(value, place)
}

/** The text in the bytes, or base64 if they are not text. */
function textIn(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return Buffer.from(bytes).toString('base64')
  }
}

function jsonOf(value: unknown, place: Place): string {
  try {
    return stringifyJson(value)
  } catch (error) {
    if (error instanceof RangeError) {
      throw sourceError(
        'a value is nested too deeply to store',
        `SQLite reads JSON of at most 1,000 levels; ${optionText('dropRest', true)} drops the other fields`,
        place,
      )
    }
    // A value that contains itself, or a toJSON() that throws.
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw sourceError(
      `a value cannot be written as JSON: ${why}`,
      `give values that JSON.stringify() takes; ${optionText('dropRest', true)} drops the other fields`,
      place,
    )
  }
}

/** Converts bytes to text, since JSON cannot hold bytes. */
function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

/** 1, true, and their forms in CSV. Undefined if the record does not say. */
function archivedOf(value: unknown): boolean | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return value === true || value === 1 || value === '1' || value === 'true'
}

function embeddingOf(value: unknown, place: Place): Uint8Array | null {
  if (value === undefined || value === null || value === '') return null
  if (value instanceof Uint8Array) return value.length === 0 ? null : value
  try {
    if (typeof value === 'string') return encodeEmbedding(parseVectorText(value))
    if (Array.isArray(value)) {
      const wrong = value.findIndex(
        number => typeof number !== 'number' && typeof number !== 'bigint',
      )
      if (wrong >= 0) {
        throw sourceError(
          `number ${wrong} of the embedding is ${shown(value[wrong])}: expected a number`,
          undefined,
          place,
        )
      }
      if (value.length === 0) throw sourceError('the embedding is empty', undefined, place)
      return encodeEmbedding(value.map(Number))
    }
    if (typedArrayName(value)?.startsWith('Float') === true) {
      return encodeEmbedding(value as VectorInput)
    }
  } catch (error) {
    if (!(error instanceof VecError) || error.code === 'VEC_SOURCE') throw error
    throw sourceError(error.message, error.hint, place)
  }
  throw sourceError(
    `the embedding is ${shown(value)}: expected an array of numbers, or a string`,
    "as a string: '[0.1, 0.2]', base64 of float32, or comma-separated numbers",
    place,
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
