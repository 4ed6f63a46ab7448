import { VecError } from '../../core/errors.ts'
import type { WasmMemory } from '../../core/wasm-memory.ts'
import type { Kernels } from '../kernels.ts'
import { supportsSimd } from '../simd/supports-simd.ts'

export { supportsSimd } from '../simd/supports-simd.ts'

/** The section of sqlite3.wasm that scripts/build-engine.mjs adds. */
const SECTION = 'sqlite-vec-ts.kernels'

type ScalarKernels = (memory: WasmMemory) => Kernels

let bytes: BufferSource | undefined
let module: WebAssembly.Module | undefined
let scalar: ScalarKernels | undefined

/** The kernels of assembly/. A page has them after sqlite3.wasm is loaded, or after `ownKernels()`. */
export function kernelModule(): WebAssembly.Module {
  return (module ??= new WebAssembly.Module(bytes ?? missing()))
}

/** The kernels in plain TypeScript, which only a browser without SIMD loads. */
export function scalarKernels(memory: WasmMemory): Kernels {
  return (scalar ?? missing())(memory)
}

/** Takes the kernels from sqlite3.wasm, or loads those in plain TypeScript. Throws VEC_ENGINE for a file without them. */
export async function takeKernels(engine: WebAssembly.Module): Promise<void> {
  if (!supportsSimd()) {
    scalar ??= (await import('../scalar/scalar-kernels.ts')).scalarKernels
    return
  }
  const [section] = WebAssembly.Module.customSections(engine, SECTION)
  if (section === undefined)
    throw new VecError(
      'VEC_ENGINE',
      'this sqlite3.wasm does not hold the kernels of this package',
      {
        hint: 'give the file that sqlite-vec-ts/sqlite3.wasm names, as it is: a tool may have removed its sections',
      },
    )
  bytes ??= section
}

/** Gives both kinds of kernels to code that loads no sqlite3.wasm. */
export function provideKernels(simd: () => BufferSource, plain: ScalarKernels): void {
  bytes ??= simd()
  scalar ??= plain
}

function missing(): never {
  throw new VecError('VEC_ENGINE', 'the kernels are not loaded yet', {
    hint: 'await open() or loadEngine() first',
  })
}
