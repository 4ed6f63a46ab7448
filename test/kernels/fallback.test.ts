import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preferredAccelerator } from '../../src/accelerators/accelerator.ts'
import { sharedArena } from '../../src/accelerators/arena.ts'
import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'

test('a runtime without SIMD gets the scalar kernels, and the same answers', () => {
  const { validate } = WebAssembly
  WebAssembly.validate = () => false
  try {
    assert.equal(preferredAccelerator().name, 'scalar')
    assert.equal(sharedArena().accelerator.name, 'scalar')
    const answers = (['simd', undefined] as const).map(kernels => {
      const index = createExactIndex({
        metric: 'cosine',
        dim: 2,
        keepsVectors: false,
        ...(kernels && { kernels }),
      })
      index.stagingBuffer(3).set([1, 0, 1, 1, 0, 1])
      index.commit(3)
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
