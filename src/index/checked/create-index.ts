import { ownKernels } from '#own-kernels'
import { ACCELERATORS } from '../../accelerators/accelerator.ts'
import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import { requireMetric } from '../../core/metric.ts'
import * as auto from '../kinds/auto/auto-index.ts'
import * as cover from '../kinds/cover-tree/cover-index.ts'
import type { CoverOptions } from '../kinds/cover-tree/cover-options.ts'
import * as exact from '../kinds/exact/exact-index.ts'
import { restoreExactIndex as restoreExact } from '../kinds/exact/restore.ts'
import { provideKinds } from '../late/provide-kinds.ts'
import type { IndexImage, VectorIndex } from '../vector-index.ts'
import { CheckedIndex, requireImage, requireWhole } from './checked-index.ts'

/** The public functions that create indexes. They check the options, and their indexes check all arguments. */

/**
 * Creates an index that searches exactly by scanning every row: one pass over small codes computes a bound for each.
 * TypeError and RangeError for invalid options.
 *
 *     const index = createExactIndex({ metric: 'cosine', dim: 2 })
 *     index.add(Float32Array.of(1, 0, 0, 1)) // two rows
 *     index.search({ query: Float32Array.of(1, 1), k: 1 })
 */
export function createExactIndex(options: exact.ExactIndexOptions): VectorIndex {
  ownKernels()
  const where = 'createExactIndex()'
  requireShape(options, where)
  const { expectedRows, kernels, keepsVectors } = options
  if (expectedRows !== undefined) requireWhole(expectedRows, where, 'options.expectedRows')
  requireOneOf(keepsVectors, where, 'options.keepsVectors', [true, false, 'auto'])
  requireKernels(kernels, where)
  return new CheckedIndex(exact.createExactIndex(options))
}

/**
 * Restores an exact index from its image. Throws VEC_STORAGE for any other image, before it allocates memory.
 *
 *     const index = restoreExactIndex(saved) // saved = other.save()
 */
export function restoreExactIndex(
  image: IndexImage,
  options: { readonly kernels?: exact.ExactIndexOptions['kernels'] } = {},
): VectorIndex {
  ownKernels()
  requireImage(image, 'restoreExactIndex()')
  requirePlainObject('restoreExactIndex()', 'options', options, 'an object')
  const { kernels } = options
  requireKernels(kernels, 'restoreExactIndex()')
  return new CheckedIndex(restoreExact(image, kernels === undefined ? {} : { kernels }))
}

/**
 * Creates an empty cover tree. Throws VecError VEC_OPTION for options it does not support, such as the dot product.
 *
 *     const index = createCoverIndex({ metric: 'euclidean', dim: 64 })
 */
export function createCoverIndex(options: CoverOptions): VectorIndex {
  ownKernels()
  requireShape(options, 'createCoverIndex()')
  return new CheckedIndex(cover.createCoverIndex(options))
}

/** Restores a cover tree from its image, whose bytes are copied. Throws VecError VEC_STORAGE for a damaged image. */
export function restoreCoverIndex(image: IndexImage): VectorIndex {
  ownKernels()
  requireImage(image, 'restoreCoverIndex()')
  return new CheckedIndex(cover.restoreCoverIndex(image))
}

/**
 * Creates an index that uses the exact scan or a cover tree, whichever is faster on the data. It measures that, and
 * again when the number of rows has doubled.
 *
 *     const index = createAutoIndex({ metric: 'cosine', dim: 384 })
 */
export function createAutoIndex(options: auto.AutoIndexOptions): VectorIndex {
  ownKernels()
  provideKinds()
  requireShape(options, 'createAutoIndex()')
  requireKernels(options.kernels, 'createAutoIndex()')
  return new CheckedIndex(auto.createAutoIndex(options))
}

/** Restores an index of `createAutoIndex` from its image. Throws VEC_STORAGE for any other image. */
export function restoreAutoIndex(
  image: IndexImage,
  options: Omit<auto.AutoIndexOptions, 'metric' | 'dim'> = {},
): VectorIndex {
  ownKernels()
  provideKinds()
  requireImage(image, 'restoreAutoIndex()')
  requirePlainObject('restoreAutoIndex()', 'options', options, 'an object')
  requireKernels(options.kernels, 'restoreAutoIndex()')
  return new CheckedIndex(auto.restoreAutoIndex(image, options))
}

function requireShape(options: unknown, where: string): void {
  requirePlainObject(where, 'options', options, 'an object')
  const { dim, metric } = options as { dim?: unknown; metric?: unknown }
  requireMetric(metric)
  requireWhole(dim, where, 'options.dim', 1, exact.MAX_DIM)
}

function requireKernels(kernels: unknown, where: string): void {
  requireOneOf(kernels, where, 'options.kernels', Object.keys(ACCELERATORS))
}

function requireOneOf(
  value: unknown,
  where: string,
  name: string,
  known: readonly unknown[],
): void {
  if (value === undefined || known.includes(value)) return
  throw argumentError(
    where,
    name,
    value,
    `one of ${known.map(one => JSON.stringify(one)).join(', ')}`,
  )
}
