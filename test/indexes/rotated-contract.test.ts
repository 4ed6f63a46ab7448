import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { Arena } from '../../src/accelerators/arena.ts'
import type { Metric } from '../../src/entries/main.ts'
import { createExactIndex, ExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { deviationOf, principalAxes } from '../../src/index/kinds/exact/principal-axes.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { Rotation } from '../../src/index/kinds/exact/rotation.ts'
import { canBeSplit, splitLayout, SplitRows } from '../../src/index/kinds/exact/split-rows.ts'
import type { VectorIndex } from '../../src/index/vector-index.ts'
import { indexContract } from './contract.ts'
import { random } from './random.ts'

const KERNELS = 'simd'

/** Rows are turned whatever they are, as no trial would have it; few numbers and very many are not. */
function turnedBy(rotationOf: (dim: number) => Rotation) {
  return (metric: Metric, dim: number, expectedRows = 0): VectorIndex => {
    if (!canBeSplit(metric, dim) || dim > 1001) {
      return createExactIndex({ metric, dim, keepsVectors: false, expectedRows, kernels: KERNELS })
    }
    const options = { metric, dim, expectedRows, accelerator: ACCELERATORS[KERNELS] }
    return new ExactIndex(options, new SplitRows(options, rotationOf(dim)), 0)
  }
}

function axesOfNoise(dim: number): Rotation {
  const { headCodes } = splitLayout(dim)
  const sample = random(5).vector(4 * dim * dim)
  return new Rotation(principalAxes(sample, dim, headCodes, new Arena()), dim)
}

function anyMatrix(dim: number): Rotation {
  const values = random(6).vector(dim * dim, 1.3 / Math.sqrt(dim))
  return new Rotation({ values, deviation: deviationOf(values, dim, new Arena()) }, dim)
}

for (const [name, rotationOf] of Object.entries({ axesOfNoise, anyMatrix })) {
  const known = new Map<number, Rotation>()
  indexContract({
    name: `exact index, rows turned by ${name}`,
    metrics: ['cosine', 'euclidean', 'dot'],
    create: turnedBy(dim => {
      const rotation = known.get(dim) ?? rotationOf(dim)
      known.set(dim, rotation)
      return rotation
    }),
    restore: image => restoreExactIndex(image, { kernels: KERNELS }),
  })
}
