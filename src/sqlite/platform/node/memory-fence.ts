/**
 * (module (func (export "fence") atomic.fence)): the instruction that orders all loads and stores of this thread
 * before it against all after it, including those on memory shared with other processes. `Atomics` promises that only
 * for its own cell, and on ARM gives no more.
 */
const bytes = [
  [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
  [1, 4, 1, 0x60, 0, 0], // types: () -> ()
  [3, 2, 1, 0], // functions: one of type 0
  [7, 9, 1, 5, 0x66, 0x65, 0x6e, 0x63, 0x65, 0, 0], // exports: "fence"
  [10, 7, 1, 5, 0, 0xfe, 3, 0, 0x0b], // code: atomic.fence, end
]

let known: (() => void) | undefined

/** A full memory barrier of the processor. */
export function memoryFence(): () => void {
  known ??= new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes.flat()))).exports[
    'fence'
  ] as () => void
  return known
}
