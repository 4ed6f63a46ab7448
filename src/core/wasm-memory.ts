/** The type of WebAssembly.Memory, which TypeScript declares only in its DOM library. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
