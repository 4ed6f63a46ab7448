import type { Kernels } from '../kernels.ts'
import { exactCosine, exactDot, exactEuclidean, magnitudes } from './exact.ts'
import { areFinite } from './finite.ts'
import { hashFinish, hashStart, hashStripes } from './hash.ts'
import { quantize } from './quantize.ts'
import { scanCodesDot, scanCodesEuclidean } from './scan-codes.ts'
import { scanFloatsDot, scanFloatsEuclidean } from './scan-floats.ts'
import {
  scanHeadsDot,
  scanHeadsEuclidean,
  scanTailsDot,
  scanTailsEuclidean,
  splitRows,
} from './scan-split.ts'
import { viewsOf } from './views.ts'
import type { Views } from './views.ts'

/** The kernels in plain TypeScript: for a runtime without SIMD, and what the others are tested against. */
export function createTwin(memory: WebAssembly.Memory): Kernels {
  let last = viewsOf(memory.buffer)
  const views = (): Views => {
    if (last.u8.buffer !== memory.buffer) last = viewsOf(memory.buffer)
    return last
  }
  return {
    scanCodesDot: (...a) => scanCodesDot(views(), ...a),
    scanCodesEuclidean: (...a) => scanCodesEuclidean(views(), ...a),
    scanHeadsDot: (...a) => scanHeadsDot(views(), ...a),
    scanHeadsEuclidean: (...a) => scanHeadsEuclidean(views(), ...a),
    scanTailsDot: (...a) => scanTailsDot(views(), ...a),
    scanTailsEuclidean: (...a) => scanTailsEuclidean(views(), ...a),
    splitRows: (...a) => splitRows(views(), ...a),
    scanFloatsDot: (...a) => scanFloatsDot(views(), ...a),
    scanFloatsEuclidean: (...a) => scanFloatsEuclidean(views(), ...a),
    areFinite: (...a) => areFinite(views(), ...a),
    quantize: (...a) => quantize(views(), ...a),
    exactCosine: (...a) => exactCosine(views(), ...a),
    exactDot: (...a) => exactDot(views(), ...a),
    exactEuclidean: (...a) => exactEuclidean(views(), ...a),
    magnitudes: (...a) => magnitudes(views(), ...a),
    hashStart: (...a) => hashStart(views(), ...a),
    hashStripes: (...a) => hashStripes(views(), ...a),
    hashFinish: (...a) => hashFinish(views(), ...a),
  }
}
