const I32 = 0x7f
const I64 = 0x7e
const F64 = 0x7c

/**
 * The WebAssembly type in C of each letter of a signature: `i` is a pointer or an int, `o` an offset in a file.
 * JavaScript receives an offset, an int64, as a number, because creating a bigint is slow.
 */
const TYPES: Readonly<Record<string, number>> = { i: I32, o: I64 }
const TYPES_GIVEN: Readonly<Record<string, number>> = { ...TYPES, o: F64 }

/** The signatures of all functions that SQLite calls, with pointers as ints. */
export const SIGNATURES: readonly string[] = [
  'i(i)',
  'i(ii)',
  'i(iii)',
  'i(iiii)',
  'i(iiiii)',
  'i(iiiiii)',
  'i(iiio)',
  'i(io)',
  'v(i)',
  'v(iii)',
]

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const FUNCTION_TYPE = 0x60
const FUNCTION = 0
const LOCAL_GET = 0x20
const CONVERT_I64_TO_F64 = 0xb9
const CALL = 0x10
const END = 0x0b

/**
 * The bytes of a module that exports a function for each signature, by its name. It calls the function that is imported
 * under the same name, with its arguments.
 */
export function passageModule(): Uint8Array<ArrayBuffer> {
  const count = SIGNATURES.length
  const types = SIGNATURES.flatMap(signature => [
    functionType(signature, TYPES),
    functionType(signature, TYPES_GIVEN),
  ])
  const imports = SIGNATURES.map((name, i) => [...text('e'), ...text(name), FUNCTION, i * 2 + 1])
  const functions = SIGNATURES.map((_, i) => [i * 2])
  const exports = SIGNATURES.map((name, i) => [...text(name), FUNCTION, count + i])
  const bodies = SIGNATURES.map((signature, i) => body(signature, i))
  const sections = [
    [1, types],
    [2, imports],
    [3, functions],
    [7, exports],
    [10, bodies],
  ] as const
  return Uint8Array.from([...HEADER, ...sections.flatMap(([id, items]) => section(id, items))])
}

function lettersOf(signature: string): string[] {
  return signature.slice(2, -1).split('')
}

function functionType(signature: string, types: Readonly<Record<string, number>>): number[] {
  const parameters = lettersOf(signature).map(letter => types[letter])
  const results = signature.startsWith('v') ? [] : [types[signature[0]]]
  return [FUNCTION_TYPE, parameters.length, ...parameters, results.length, ...results]
}

function body(signature: string, imported: number): number[] {
  const pass = lettersOf(signature).map((letter, i) =>
    letter === 'o' ? [LOCAL_GET, i, CONVERT_I64_TO_F64] : [LOCAL_GET, i],
  )
  const code = [0, ...pass.flat(), CALL, imported, END]
  return [code.length, ...code]
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = [items.length, ...items.flat()]
  return [id, ...length(content.length), ...content]
}

function text(name: string): number[] {
  return [name.length, ...new TextEncoder().encode(name)]
}

/** An unsigned number in LEB128. */
function length(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...length(value >>> 7)]
}
