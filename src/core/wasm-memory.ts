/** The type of WebAssembly.Memory, which TypeScript declares only in its DOM library. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/**
 * A compiled WebAssembly.Module, a type that TypeScript declares only in its DOM library. Some runtimes import the
 * file as a module.
 */
export type WasmModule = object
