import { argumentError } from '../../core/argument-error.ts'
import { VecError } from '../../core/errors.ts'
import type { VectorIndexInfo } from './index-list.ts'

/** Exactly one of two ways to select vectors. */
export function requireOneOf(where: string, ways: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(ways)
  const given = names.filter(name => ways[name] !== undefined && ways[name] !== null)
  if (given.length === 1) return
  throw new TypeError(
    given.length === 0
      ? `${where}: Either ${names.join(' or ')} must be provided`
      : `${where}: ${names.join(' and ')} are mutually exclusive: expected one of them`,
  )
}

export function requireList(
  where: string,
  name: string,
  value: unknown,
): asserts value is unknown[] {
  if (!Array.isArray(value)) throw argumentError(where, name, value, 'an array')
}

export function requireOneForEach(
  where: string,
  name: string,
  list: unknown,
  vectors: readonly unknown[],
): void {
  if (list === undefined || list === null) return
  requireList(where, name, list)
  if (list.length === vectors.length) return
  throw new RangeError(
    `${where}: ${list.length} ${name} for ${vectors.length} vectors: expected one for each`,
  )
}

export function requireDimension(
  where: string,
  name: string,
  vector: unknown,
  { name: index, dimension }: VectorIndexInfo,
): void {
  const { length } = (vector ?? {}) as { length?: unknown }
  if (typeof vector !== 'object' || typeof length !== 'number') {
    throw argumentError(where, name, vector, 'an array of numbers')
  }
  if (length === dimension) return
  throw new VecError(
    'VEC_DIMENSION',
    `${where}: ${name} has ${length} dimensions, and the index '${index}' has ${dimension}`,
    { hint: 'use the model of the index, or create another index' },
  )
}

export function noSparse(where: string, name: string): TypeError {
  return new TypeError(
    `${where}: ${name} is not supported: expected dense vectors, with \`text\` in a query to search by words`,
  )
}
