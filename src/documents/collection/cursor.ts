import { checksum } from '../../accelerators/checksum.ts'
import { argumentError } from '../../core/argument-error.ts'
import { VecError } from '../../core/errors.ts'
import { stringifyJson } from '../../core/exact-json.ts'

/**
 * A cursor is opaque text: a fingerprint of the order of a listing, and the position of the last returned row, which is
 * a sort key and an id. It names a position, not a number of rows, so writes before it shift nothing.
 */
export class CursorCodec {
  readonly #where: string
  readonly #fingerprint: string

  /** `order`: everything that determines the order of the rows, in a form that JSON can represent. */
  constructor(where: string, order: readonly unknown[]) {
    this.#where = where
    this.#fingerprint = sumOf(stringifyJson(order))
  }

  write(key: unknown, id: Uint8Array): string {
    const position = JSON.stringify([this.#fingerprint, key, binaryText(id)])
    const json = JSON.stringify([position, sumOf(position)])
    const bytes = new TextEncoder().encode(json)
    return btoa(binaryText(bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  }

  /**
   * The position in a cursor. Throws TypeError for a value that is not text, VEC_QUERY for a cursor of another listing.
   */
  read(cursor: unknown): { readonly key: unknown; readonly id: Uint8Array } {
    if (typeof cursor !== 'string') {
      throw argumentError(this.#where, 'cursor', cursor, 'the cursor of the page before')
    }
    const parts = decoded(cursor)
    if (!parts) throw this.#refused('is not a cursor')
    const [fingerprint, key, idText] = parts
    if (fingerprint !== this.#fingerprint) throw this.#refused('belongs to another listing')
    return { key, id: Uint8Array.from(idText, letter => letter.charCodeAt(0)) }
  }

  #refused(why: string): VecError {
    return new VecError('VEC_QUERY', `${this.#where}: the given cursor ${why}`, {
      hint: 'pass the cursor of the page before, with the same filter and order; k, limit and include may differ',
    })
  }
}

type Parts = readonly [fingerprint: string, key: unknown, id: string]

function decoded(cursor: string): Parts | undefined {
  try {
    const binary = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, letter => letter.charCodeAt(0))
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const [position, sum] = JSON.parse(text) as readonly [string, string]
    // A position with its checksum is as it was written.
    return sum === sumOf(position) ? (JSON.parse(position) as Parts) : undefined
  } catch {
    return undefined
  }
}

function sumOf(text: string): string {
  return checksum(new TextEncoder().encode(text)).toString(36)
}

/** One character per byte. */
function binaryText(bytes: Uint8Array): string {
  return Array.from(bytes, byte => String.fromCharCode(byte)).join('')
}
