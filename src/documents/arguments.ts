import { argumentError, requirePlainObject } from '../core/argument-error.ts'
import { requireDatabase } from '../database/require-database.ts'

/** The beginning of errors of this entry point. */
export const VECUTIL = 'vecutil'

/** Checks the connection, the table and the dataset, the first arguments of most functions. */
export function requirePlace(db: unknown, table: unknown, dataset: unknown, tableIs: string): void {
  requireDatabase(VECUTIL, db)
  requireName(table, tableIs)
  requireName(dataset, 'dataset')
}

/** Checks a name: an empty or blank name could not be found again. */
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

/** Checks options, which may be absent. A signal in them must be an AbortSignal. */
export function requireOptions(options: unknown): void {
  requirePlainObject(VECUTIL, 'options', options, 'an object')
  const { signal } = options as { signal?: unknown }
  if (signal === undefined) return
  const { aborted, throwIfAborted } = (signal ?? {}) as Record<string, unknown>
  if (typeof aborted === 'boolean' && typeof throwIfAborted === 'function') return
  throw argumentError(VECUTIL, 'options.signal', signal, 'an AbortSignal')
}

/**
 * Checks the name of a model, which may be absent but not empty: it is compared with the name stored beside the
 * embeddings.
 */
export function requireModelName(model: unknown, name = 'options.model'): void {
  if (model !== undefined) requireName(model, name)
}

/** Checks a field with text; null means no text. */
export function textOrNull(where: string, value: unknown, name: string): string | null {
  if (value === null || typeof value === 'string') return value
  const remedy = typeof value === 'object' ? ' (use JSON.stringify())' : ''
  throw argumentError(where, name, value, `a string${remedy} or null`)
}
