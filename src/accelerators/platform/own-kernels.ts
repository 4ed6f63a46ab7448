import { decodeBase64 } from '../../core/base64.ts'
import { scalarKernels } from '../scalar/scalar-kernels.ts'
import { kernelsWasm } from '../simd/kernels.wasm.ts'
import { provideKernels } from './provided-kernels.ts'

/** For entry points of browsers that work without SQLite: their code holds the kernels. */
export function ownKernels(): void {
  provideKernels(() => decodeBase64(kernelsWasm), scalarKernels)
}
