import { SQLITE_CANTOPEN } from '../result-codes.ts'
import type { Pointer, Sqlite } from '../wasm/wasm.ts'
import { VfsFailure } from './vfs-errors.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads file names. SQLite passes the same address again and again, so names are decoded once. */
export class PathReader {
  readonly #sqlite: Sqlite
  readonly #known = new Map<Pointer, { bytes: Uint8Array; text: string }>()

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  /** Throws VfsFailure for bytes that are not UTF-8: the decoded name would differ from the given one. */
  read(p: Pointer): string {
    const heap = this.#sqlite.u8
    const known = this.#known.get(p)
    if (known !== undefined) {
      const bytes = known.bytes
      let i = 0
      while (i < bytes.length && heap[p + i] === bytes[i]) i++
      if (i === bytes.length) return known.text
    }
    const end = heap.indexOf(0, p) + 1
    const bytes = heap.slice(p, end)
    const text = decode(bytes.subarray(0, -1))
    if (this.#known.size > 200) this.#known.clear()
    this.#known.set(p, { bytes, text })
    return text
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch (cause) {
    const shown = JSON.stringify(new TextDecoder().decode(bytes))
    const message = `the file name ${shown} is not valid UTF-8`
    throw new VfsFailure(SQLITE_CANTOPEN, shown, message, {
      hint: 'pass the path as a string',
      cause,
    })
  }
}
