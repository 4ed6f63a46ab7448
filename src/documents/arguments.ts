import { argumentError, requireObject } from '../core/argument-error.ts'
import type { Database } from '../database/database.ts'
import { requireDatabase } from '../database/require-database.ts'

/** Where errors of this entry point begin. */
export const VECUTIL = 'vecutil'

/** The connection, the table and the dataset that most functions take first. */
export function requirePlace(db: unknown, table: unknown, dataset: unknown, tableIs: string): void {
  requireConnection(db)
  requireName(table, tableIs)
  requireName(dataset, 'dataset')
}

export function requireConnection(db: unknown): asserts db is Database {
  requireDatabase(VECUTIL, db)
}

/** A text that names something: what is empty or blank could not be found again. */
export function requireName(value: unknown, name: string): asserts value is string {
  if (typeof value === 'string' && value.trim() !== '') return
  throw argumentError(VECUTIL, name, value, 'a non-empty string')
}

export function requireText(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw argumentError(VECUTIL, name, value, 'a string')
}

export function requireList(value: unknown, name: string, of: string): asserts value is unknown[] {
  if (!Array.isArray(value)) throw argumentError(VECUTIL, name, value, `an array of ${of}`)
}

export function requireEmbed(embed: unknown, name = 'embed'): void {
  if (typeof embed === 'function') return
  throw argumentError(VECUTIL, name, embed, 'a function from texts to vectors')
}

/** Options may be left out; a signal in them is an AbortSignal. */
export function requireOptions(options: unknown): void {
  requireObject(VECUTIL, 'options', options, 'an object')
  const { signal } = options as { signal?: unknown }
  if (signal === undefined) return
  const { aborted, throwIfAborted } = (signal ?? {}) as Record<string, unknown>
  if (typeof aborted === 'boolean' && typeof throwIfAborted === 'function') return
  throw argumentError(VECUTIL, 'options.signal', signal, 'an AbortSignal')
}

/** The name of a model may be left out, but not be empty: it is compared with the one beside the embeddings. */
export function requireModelName(model: unknown, name = 'options.model'): void {
  if (model !== undefined) requireName(model, name)
}

/** A field that holds a text; null, and absent where that means null, are none. */
export function textOrNull(where: string, value: unknown, name: string): string | null {
  if (value === null || typeof value === 'string') return value
  const remedy = typeof value === 'object' ? ' (use JSON.stringify())' : ''
  throw argumentError(where, name, value, `a string${remedy} or null`)
}
