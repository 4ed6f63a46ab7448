import { argumentError, requireObject } from '../core/argument-error.ts'
import { decodeEmbedding } from '../core/embedding.ts'
import { VecError } from '../core/errors.ts'
import type { SqliteHandle } from '../database/driver-of.ts'
import type { SqlValue } from '../database/values.ts'
import { MEASURES } from '../tables/functions/measures.ts'
import type { DocumentId } from './keys.ts'
import { Vectors } from './vectors.ts'

type VectorFunction = 'vec_cosine' | 'vec_l1' | 'vec_l2' | 'vec_search'

type Define = (
  name: string,
  options: { deterministic?: boolean; varargs?: boolean },
  fn: (...values: never[]) => unknown,
) => unknown

/**
 * Registers the SQL functions `vec_cosine(a, b)`, `vec_l2(a, b)` and `vec_l1(a, b)` of embeddings on a handle. With
 * `tables`, on node:sqlite, also registers `vec_search(table, vector, k)` and `vec_search(table, vector, k, dataset)`.
 * They return JSON text for json_each(), with an array [id, score, distance] for each hit. Other drivers cannot run a
 * query inside a function: use `join` there. Returns the names of the functions.
 *
 * ```ts
 * addVectorFunctions(db, { docs: vectors })
 * db.prepare(`SELECT value ->> 0 AS id FROM json_each(vec_search('docs', ?, 10))`).all(embedding)
 * ```
 */
export function addVectorFunctions(
  db: SqliteHandle,
  tables: Readonly<Record<string, Vectors>> = {},
): VectorFunction[] {
  requireObject('addVectorFunctions()', 'tables', tables, 'an object with what attach() gave')
  const handle = (db ?? {}) as { function?: Define; isOpen?: unknown; sync?: unknown }
  if (typeof handle.function !== 'function' || typeof handle.sync === 'function') {
    throw argumentError(
      'addVectorFunctions()',
      'db',
      db,
      'a handle of a driver that takes functions (better-sqlite3, node:sqlite, bun:sqlite)',
    )
  }
  if ('Deno' in globalThis) {
    throw new TypeError(
      'addVectorFunctions(): an SQL function that throws ends no statement in Deno, so that the process hangs: join with vectors.join() instead',
    )
  }
  const names: VectorFunction[] = []
  const define = (
    name: VectorFunction,
    options: object,
    fn: (...values: never[]) => unknown,
  ): void => {
    handle.function!(name, options, fn)
    names.push(name)
  }
  for (const name of ['vec_cosine', 'vec_l1', 'vec_l2'] as const) {
    define(name, { deterministic: true }, MEASURES[name])
  }
  const known = new Map(Object.entries(tables))
  for (const [name, vectors] of known) {
    if (vectors instanceof Vectors) continue
    throw argumentError('addVectorFunctions()', `tables.${name}`, vectors, 'what attach() gave')
  }
  if (known.size > 0 && handle.isOpen === true) {
    define('vec_search', { varargs: true }, (...values: SqlValue[]) => searched(known, values))
  }
  return names
}

function searched(tables: ReadonlyMap<string, Vectors>, values: readonly SqlValue[]): string {
  const [table, vector, k, dataset] = values
  const vectors = typeof table === 'string' ? tables.get(table) : undefined
  if (!vectors || values.length < 3 || values.length > 4) {
    throw new VecError(
      'VEC_QUERY',
      `vec_search(): expected one of ${[...tables.keys()].join(', ')}, a vector, how many hits and perhaps a dataset`,
    )
  }
  if (!(vector instanceof Uint8Array) && typeof vector !== 'string') {
    throw new VecError('VEC_QUERY', 'vec_search(): the vector is neither a BLOB nor JSON text')
  }
  const query =
    typeof vector === 'string' ? (JSON.parse(vector) as number[]) : decodeEmbedding(vector)
  const of = dataset === undefined ? {} : { dataset: dataset as DocumentId }
  return vectors.join({ vector: query, k: Number(k), ...of }).parameter
}
