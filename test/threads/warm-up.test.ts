import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { warmUp } from '../../src/index/kinds/exact/threads/warm-up.ts'

const { sharedModule, kernelsOver } = ACCELERATORS.simd

test(
  'a thread that warms up does the work of a search',
  { skip: !sharedModule && 'no SIMD' },
  () => {
    assert.equal(
      warmUp(memory => kernelsOver(memory as WebAssembly.Memory, true)),
      1600,
    )
  },
)
