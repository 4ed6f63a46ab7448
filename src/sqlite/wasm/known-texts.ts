import { readUtf8 } from '../../core/utf8.ts'
import type { Pointer, Sqlite } from './wasm.ts'

const MOST = 200

/** Texts of C that come again and again at the same address: each is decoded once, while it is the same. */
export class KnownTexts {
  readonly #sqlite: Sqlite
  readonly #decode: (bytes: Uint8Array) => string
  readonly #known = new Map<Pointer, { readonly bytes: DataView; readonly text: string }>()

  /** `decode` makes text of the bytes before the NUL; what it throws, `read` throws. */
  constructor(
    sqlite: Sqlite,
    decode: (bytes: Uint8Array) => string = bytes => readUtf8(bytes, 0, bytes.length),
  ) {
    this.#sqlite = sqlite
    this.#decode = decode
  }

  /** The text at `p`, which ends with a NUL; '' for NULL. */
  read(p: Pointer): string {
    if (p === 0) return ''
    const known = this.#known.get(p)
    if (known !== undefined && isAt(this.#sqlite.view, p, known.bytes)) return known.text
    const heap = this.#sqlite.u8
    const bytes = heap.slice(p, heap.indexOf(0, p) + 1)
    const text = this.#decode(bytes.subarray(0, -1))
    if (this.#known.size === MOST) this.#known.clear()
    if (bytes.length >= 4) this.#known.set(p, { bytes: new DataView(bytes.buffer), text })
    return text
  }
}

/** Whether `bytes`, at least four, are in `memory` at `p`: compared four at a time, the last four once more. */
function isAt(memory: DataView, p: Pointer, bytes: DataView): boolean {
  const last = bytes.byteLength - 4
  for (let i = 0; i < last; i += 4) if (memory.getInt32(p + i) !== bytes.getInt32(i)) return false
  return memory.getInt32(p + last) === bytes.getInt32(last)
}
