import type { Pointer } from './raw-sqlite.ts'

const I32 = 0x7f
const I64 = 0x7e
const F64 = 0x7c

/**
 * The WebAssembly type in C of each letter of a signature: `p` is a pointer, `i` an int, `j` an int64, `d` a double, `o` an
 * offset in a file. JavaScript receives an offset, an int64, as a number, because creating a bigint is slow.
 */
const TYPES: Readonly<Record<string, number>> = { p: I32, i: I32, j: I64, d: F64, o: I64 }
const TYPES_GIVEN: Readonly<Record<string, number>> = { ...TYPES, o: F64 }

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
/** `e.f`, of type 1; the function of type 0 that calls it is exported as `f`. */
const IMPORT = [2, 7, 1, 1, 0x65, 1, 0x66, 0, 1]
const FUNCTION = [3, 2, 1, 0]
const EXPORT = [7, 5, 1, 1, 0x66, 0, 1]

const LOCAL_GET = 0x20
const CONVERT_I64_TO_F64 = 0xb9
const CALL_IMPORT = [0x10, 0]
const END = 0x0b

const modules = new Map<string, WebAssembly.Module>()

/**
 * Puts a JavaScript function into the table of C's function pointers and returns its pointer. The table accepts only
 * WebAssembly functions, so a module with one function calls `f`, one module for each signature. A signature is the
 * result type (`v` for none), then the argument types in parentheses: `i(pip)`.
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

/** A module that exports a function `f`, which calls `e.f` with its arguments. */
function passage(signature: string): WebAssembly.Module {
  const letters = signature.replace(/[()]/g, '').slice(1).split('')
  const results = signature.startsWith('v') ? [] : [TYPES[signature[0]]]
  const type = (types: Readonly<Record<string, number>>): number[] => {
    const parameters = letters.map(letter => types[letter])
    return [0x60, parameters.length, ...parameters, results.length, ...results]
  }
  const types = [2, ...type(TYPES), ...type(TYPES_GIVEN)]
  const pass = letters.map((letter, i) =>
    letter === 'o' ? [LOCAL_GET, i, CONVERT_I64_TO_F64] : [LOCAL_GET, i],
  )
  const code = [0, ...pass.flat(), ...CALL_IMPORT, END]
  const body = [10, code.length + 2, 1, code.length, ...code]
  const sections = [HEADER, [1, types.length, ...types], IMPORT, FUNCTION, EXPORT, body]
  return new WebAssembly.Module(Uint8Array.from(sections.flat()))
}
