import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The part of usearch that the bench uses. Vectors are rows one after the other. */
export interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void
  search(query: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array }
  save(path: string): void
  view(path: string): void
}

export interface Usearch {
  readonly Index: new (options: {
    dimensions: number
    metric: 'cos'
    quantization: 'f32'
    connectivity: number
    expansion_add: number
    expansion_search: number
    multi: boolean
  }) => UsearchIndex
}

/** scripts/runtimes.mjs, which TypeScript does not build. */
const { installed } = (await import(pathToFileURL(resolve('scripts/runtimes.mjs')).href)) as {
  /** A folder whose node_modules holds these packages. */
  installed(this: void, ...names: readonly string[]): string
}

/**
 * usearch, installed beside the repository and without its install script: as a dependency, it would be compiled wherever it brings
 * no binary. Undefined where npm cannot install it, or its binary does not load.
 */
export function usearch(): Usearch | undefined {
  try {
    const require = createRequire(join(installed('usearch'), 'package.json'))
    return require('usearch') as Usearch
  } catch (error) {
    console.log(`usearch: left out, as it cannot be installed or loaded: ${String(error)}`)
    return undefined
  }
}
