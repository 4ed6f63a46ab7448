// The kernels: no data, no globals, no allocation. Every address comes from the caller (src/accelerators/arena.ts).
// src/accelerators/scalar is their reference in TypeScript: both must agree to the bit.

export { scanCodesDot, scanCodesEuclidean } from './scan-codes'
export { scanHeadsDot, scanHeadsEuclidean, scanTailsDot, scanTailsEuclidean, splitRows } from './scan-split'
export { scanCodesManhattan } from './scan-manhattan'
export { scanFloatsDot, scanFloatsEuclidean, scanFloatsManhattan } from './scan-floats'
export { areFinite } from './finite'
export { selectBytes } from './select-bytes'
export { multiply } from './multiply'
export { quantize } from './quantize'
export { exactCosine, exactDot, exactEuclidean, exactManhattan, magnitudes } from './exact'
export { hashStart, hashStripes, hashFinish } from './hash'
