import { parseJson, stringifyJson } from '../core/exact-json.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Statement } from '../sqlite/statement.ts'
import { optionText, sourceError, type Place } from './interchange-error.ts'

/** The maximum nesting of JSON in SQLite. It calls anything deeper malformed. */
const MAX_DEPTH = 1000

/**
 * Converts metadata to text that SQLite's JSON functions can read. One row whose meta is not JSON would make every
 * filter with json_extract() fail for its whole dataset.
 */
export class MetaText {
  readonly #position: Statement
  /** The number of texts that were not JSON, and are now JSON strings. */
  wrapped = 0

  constructor(db: Connection) {
    this.#position = db.prepare('SELECT json_error_position(?)').pluck()
  }

  of(meta: string | null, place: () => Place): string | null {
    if (meta === null || meta === '') return null
    if (!this.#isJson(meta)) {
      this.wrapped++
      return JSON.stringify(meta)
    }
    if (isDeep(meta)) {
      throw sourceError(
        `the meta is nested more than ${MAX_DEPTH.toLocaleString('en-US')} levels deep, which SQLite cannot read`,
        `${optionText('dropRest', true)} drops the fields that are collected in meta`,
        place(),
      )
    }
    return meta
  }

  #isJson(text: string): boolean {
    try {
      JSON.parse(text)
      return true
    } catch {
      // SQLite also reads JSON5.
      return this.#position.get(text) === 0
    }
  }
}

/** Whether JSON is nested more deeply than SQLite reads. */
export function isDeep(json: string): boolean {
  if (json.length <= 2 * MAX_DEPTH) return false
  let depth = 0
  let inString = false
  for (let i = 0; i < json.length; i++) {
    const c = json[i]
    if (inString) {
      if (c === '\\') i++
      else if (c === '"') inString = false
    } else if (c === '"') inString = true
    else if (c === '[' || c === '{') {
      if (++depth > MAX_DEPTH) return true
    } else if (c === ']' || c === '}') depth--
  }
  return false
}

/** The fields of `added` over those of `known`. A field that is null in `added` keeps its value. */
export function mergedMeta(known: string | null, added: string): string {
  const [old, fresh] = [objectIn(known), objectIn(added)]
  if (!old || !fresh) return added
  const said = Object.entries(fresh).filter(([name, value]) => value !== null || !(name in old))
  return stringifyJson({ ...old, ...Object.fromEntries(said) })
}

function objectIn(text: string | null): Record<string, unknown> | undefined {
  if (text === null) return undefined
  try {
    const value = parseJson(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
