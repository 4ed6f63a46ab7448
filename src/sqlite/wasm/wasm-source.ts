import { describeValue } from '../../core/describe-value.ts'
import { VecError } from '../../core/errors.ts'
import type { WasmModule } from '../../core/wasm-memory.ts'

/** The location of sqlite3.wasm: its bytes, a URL, a path as text, or the compiled module. */
export type WasmSource = Uint8Array | ArrayBuffer | string | { readonly href: string } | WasmModule

/** How a platform reads sqlite3.wasm: from a URL, from a path if it has files, or the shipped file. */
export type ReadWasm = (location: string | undefined) => Promise<WasmModule | Uint8Array>

const MAGIC = 0x6d736100

/** The compiled module of a source; undefined means the shipped file. */
export async function compileWasm(
  source: WasmSource | undefined,
  read: ReadWasm,
): Promise<WasmModule> {
  const given = isPlace(source) ? await read(placeOf(source)) : source
  if (given instanceof WebAssembly.Module) return given
  const bytes = bytesOf(given)
  if (bytes === undefined) {
    throw new TypeError(
      `loadEngine(): wasm is the bytes, the URL or the WebAssembly.Module of sqlite3.wasm, not ${describeValue(given)}`,
    )
  }
  if (bytes.length < 8 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== MAGIC)
    throw notSqlite(`the ${bytes.length} bytes that were given do not begin as WebAssembly does`)
  return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>)
}

/** A VecError VEC_ENGINE. */
export function notSqlite(why: string): VecError {
  return new VecError('VEC_ENGINE', `this is not the sqlite3.wasm of this version: ${why}`, {
    hint: 'give the file that sqlite-vec-ts/sqlite3.wasm names',
  })
}

function isPlace(source: unknown): source is string | { href: string } | undefined {
  return typeof source === 'string' || source === undefined || isUrl(source)
}

function isUrl(source: unknown): source is { href: string } {
  return Object.prototype.toString.call(source) === '[object URL]'
}

function placeOf(source: string | { href: string } | undefined): string | undefined {
  return typeof source === 'object' ? source.href : source
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return value instanceof Uint8Array ? value : undefined
}
