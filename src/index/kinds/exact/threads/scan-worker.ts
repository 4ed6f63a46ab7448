import type { Kernels } from '../../../../accelerators/kernels.ts'
import { simdKernels } from '../../../../accelerators/simd/simd-kernels.ts'
import { runThread } from '../../../../accelerators/threads/thread-loop.ts'
import type { WasmMemory } from '../../../../core/wasm-memory.ts'
import { ScanShare } from './scan-share.ts'
import { warmUp } from './warm-up.ts'

// The program of a thread. scripts/build-worker.mjs turns it into one text, so that a bundle needs no other file.

runThread((start, turns) => {
  const kernelsOver = (memory: WasmMemory): Kernels => simdKernels(start.module, memory)
  warmUp(kernelsOver)
  return new ScanShare(start, turns, kernelsOver)
})
