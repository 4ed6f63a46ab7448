import { simdKernels } from '../../../../accelerators/simd/simd-kernels.ts'
import { runThread } from '../../../../accelerators/threads/thread-loop.ts'
import { ScanShare } from './scan-share.ts'

// The program of a thread. scripts/build-worker.mjs turns it into one text, so that a bundle needs no other file.

runThread(
  (start, turns) => new ScanShare(start, turns, memory => simdKernels(start.module, memory)),
)
