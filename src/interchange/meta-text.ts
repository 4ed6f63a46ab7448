import { parseJson, stringifyJson } from '../core/exact-json.ts'
import { isTooDeep, JSON_DEPTH } from '../core/json-depth.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Statement } from '../sqlite/statement.ts'
import { optionText, sourceError, type Place } from './interchange-error.ts'

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
    if (isTooDeep(meta)) {
      throw sourceError(
        `the meta is nested more than ${JSON_DEPTH.toLocaleString('en-US')} levels deep, which SQLite cannot read`,
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

/** The fields of `added` over those of `known`. A field that is null in `added` keeps its value. */
export function mergedMeta(known: string | null, added: string): string {
  const [old, fresh] = [objectIn(known), objectIn(added)]
  if (!old || !fresh) return added
  const said = Object.entries(fresh).filter(([name, value]) => value !== null || !(name in old))
  return stringifyJson({ ...old, ...Object.fromEntries(said) })
}

function objectIn(text: string | null): Record<string, unknown> | undefined {
  if (text === null || isTooDeep(text)) return undefined
  try {
    const value = parseJson(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
