/** A WebAssembly.Memory, in words that TypeScript knows without its DOM library. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
