import type { Pointer } from './raw-sqlite.ts'

const I32 = 0x7f
const I64 = 0x7e
const F64 = 0x7c

/** WebAssembly types of the letters of a signature: `p` is a pointer, `i` an int, `j` an int64, `d` a double. */
const TYPES: Readonly<Record<string, number>> = { p: I32, i: I32, j: I64, d: F64 }

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const IMPORT = [2, 7, 1, 1, 0x65, 1, 0x66, 0, 0]
const EXPORT = [7, 5, 1, 1, 0x66, 0, 0]

const modules = new Map<string, WebAssembly.Module>()

/**
 * Puts a JavaScript function into the table of C's function pointers and returns its pointer. The table accepts only
 * WebAssembly functions, so `f` passes through a module with one import and one export, one module for each
 * signature. A signature is the result type (`v` for none), then the argument types in parentheses: `i(pip)`.
 */
export function installFunction(
  table: WebAssembly.Table,
  signature: string,
  f: (...args: never[]) => unknown,
): Pointer {
  let module = modules.get(signature)
  if (module === undefined) modules.set(signature, (module = passage(signature)))
  const { f: exported } = new WebAssembly.Instance(module, { e: { f } }).exports
  const pointer = table.grow(1)
  table.set(pointer, exported)
  return pointer
}

/** A module that imports `e.f` and exports it again as `f`. */
function passage(signature: string): WebAssembly.Module {
  const types = Array.from(signature.replace(/[()]/g, '').slice(1), letter => TYPES[letter])
  const results = signature.startsWith('v') ? [] : [TYPES[signature[0]]]
  const type = [1, 0x60, types.length, ...types, results.length, ...results]
  const sections = [HEADER, [1, type.length, ...type], IMPORT, EXPORT]
  return new WebAssembly.Module(Uint8Array.from(sections.flat()))
}
