import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preferredKernels, sharedArena } from '../../src/accelerators/arena.ts'
import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'

test('a runtime without SIMD gets the twin, and the same answers', () => {
  const { validate } = WebAssembly
  WebAssembly.validate = () => false
  try {
    assert.equal(preferredKernels(), 'twin')
    assert.equal(sharedArena().kind, 'twin')
    const answers = (['wasm', undefined] as const).map(kernels => {
      const index = createExactIndex({
        metric: 'cosine',
        dim: 2,
        resident: false,
        ...(kernels && { kernels }),
      })
      index.stage(3).set([1, 0, 1, 1, 0, 1])
      index.append(3)
      const found = index.search({ query: Float32Array.of(2, 1), k: 2 })
      return [
        Array.from(found.positions.subarray(0, found.count)),
        Array.from(found.upper.subarray(0, found.count)),
      ]
    })
    assert.deepEqual(answers[0], answers[1])
  } finally {
    WebAssembly.validate = validate
  }
})
