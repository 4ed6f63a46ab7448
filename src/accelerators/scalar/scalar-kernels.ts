import type { WasmMemory } from '../../core/wasm-memory.ts'
import type { Kernels } from '../kernels.ts'
import { areFinite } from './finite.ts'
import { hashFinish, hashStart, hashStripes } from './hash.ts'
import { multiply } from './multiply.ts'
import { quantize } from './quantize.ts'
import { scanCodesDot, scanCodesEuclidean } from './scan-codes.ts'
import { scanFloatsDot, scanFloatsEuclidean, scanFloatsManhattan } from './scan-floats.ts'
import { scanCodesManhattan } from './scan-manhattan.ts'
import {
  scanHeadsDot,
  scanHeadsEuclidean,
  scanTailsDot,
  scanTailsEuclidean,
  splitRows,
} from './scan-split.ts'
import { magnitudes, scoreCosine, scoreDot, scoreEuclidean, scoreManhattan } from './score.ts'
import { selectBytes } from './select-bytes.ts'
import { viewsOf } from './views.ts'
import type { Views } from './views.ts'

/**
 * The reference kernels, in plain TypeScript. Other kernels are tested against them, and runtimes without SIMD use
 * them.
 */
export function scalarKernels(memory: WasmMemory): Kernels {
  let last = viewsOf(memory.buffer)
  /** A kernel over the memory at the time of the call. */
  const over =
    <A extends unknown[], R>(kernel: (views: Views, ...a: A) => R): ((...a: A) => R) =>
    (...a) => {
      if (last.u8.buffer !== memory.buffer) last = viewsOf(memory.buffer)
      return kernel(last, ...a)
    }
  return {
    scanCodes: {
      dot: over(scanCodesDot),
      euclidean: over(scanCodesEuclidean),
      manhattan: over(scanCodesManhattan),
    },
    scanHeads: { dot: over(scanHeadsDot), euclidean: over(scanHeadsEuclidean) },
    scanTails: { dot: over(scanTailsDot), euclidean: over(scanTailsEuclidean) },
    scanFloats: {
      dot: over(scanFloatsDot),
      euclidean: over(scanFloatsEuclidean),
      manhattan: over(scanFloatsManhattan),
    },
    score: {
      cosine: over(scoreCosine),
      dot: over(scoreDot),
      euclidean: over(scoreEuclidean),
      manhattan: over(scoreManhattan),
    },
    magnitudes: over(magnitudes),
    multiply: over(multiply),
    quantize: over(quantize),
    splitRows: over(splitRows),
    areFinite: over(areFinite),
    selectBytes: over(selectBytes),
    hashStart: over(hashStart),
    hashStripes: over(hashStripes),
    hashFinish: over(hashFinish),
  }
}
