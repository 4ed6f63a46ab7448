import { simdKernels } from '../../../../accelerators/simd/simd-kernels.ts'
import { runThread } from '../../../../accelerators/threads/thread-loop.ts'
import { ScanShare } from './scan-share.ts'

// What a thread runs: scripts/build-worker.mjs makes one text of it, so that a bundle needs no other file.

runThread(
  (start, turns) => new ScanShare(start, turns, memory => simdKernels(start.module, memory)),
)
