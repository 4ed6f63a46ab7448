import { passages } from '#passages'
import { SIGNATURES } from './passages/passage-module.ts'
import type { Pointer } from './raw-sqlite.ts'

type Callback = (...args: never[]) => unknown

/** The other functions of an instance that is made for one of them. */
const UNUSED: Readonly<Record<string, Callback>> = Object.fromEntries(
  SIGNATURES.map(signature => [signature, () => 0]),
)

/**
 * Puts a JavaScript function into the table of C's function pointers and returns its pointer. The table accepts only
 * WebAssembly functions, so an instance of a module passes the call on. A signature is the result type (`v` for none), then
 * the argument types in parentheses, as `i(pio)`: a pointer, an int, an offset in a file.
 */
export function installFunction(table: WebAssembly.Table, signature: string, f: Callback): Pointer {
  const name = signature.replaceAll('p', 'i')
  if (!(name in UNUSED)) throw new TypeError(`passage-module.ts lacks the signature ${name}`)
  const { exports } = new WebAssembly.Instance(passages(), { e: { ...UNUSED, [name]: f } })
  const pointer = table.grow(1)
  table.set(pointer, exports[name])
  return pointer
}
