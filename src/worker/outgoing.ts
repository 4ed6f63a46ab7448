import { argumentError } from '../core/argument-error.ts'
import { isThenable, typedArrayName } from '../core/describe-value.ts'

type TypedArrayClass = new (buffer: ArrayBuffer, offset: number, length: number) => unknown

const SENDABLE = 'a value that a worker can be sent: text, numbers, bytes, arrays or plain objects'

/**
 * Copies the arguments of a caller, so that later changes do not affect a waiting call, and collects the buffers of the
 * copies, which are transferred. Throws for values that cannot be sent.
 */
export class Outgoing {
  readonly transfer: ArrayBuffer[] = []
  readonly #where: string
  readonly #moves: boolean
  readonly #blockBytes: number
  #block = new ArrayBuffer(0)
  #used = 0
  /** The number of copied bytes. */
  bytes = 0

  /**
   * `where` names the function in errors. With `moves`, the caller's buffers themselves are transferred. Copies share
   * blocks of `blockBytes`.
   */
  constructor(where: string, moves = false, blockBytes = 0) {
    this.#where = where
    this.#moves = moves
    this.#blockBytes = blockBytes
  }

  /** A copy of a value. `name` is its name for the caller. */
  copy<T>(name: string, value: T): T {
    return this.#copied(name, value) as T
  }

  #copied(name: string, value: unknown): unknown {
    if (typeof value === 'string') this.bytes += value.length
    if (typeof value === 'function' || typeof value === 'symbol' || isThenable(value))
      throw argumentError(this.#where, name, value, SENDABLE)
    if (typeof value !== 'object' || value === null) return value
    if (ArrayBuffer.isView(value)) return this.#view(value)
    if (value instanceof ArrayBuffer) return this.#view(new Uint8Array(value))
    if (value instanceof Date) return new Date(value)
    if (Array.isArray(value)) return value.map((each, i) => this.#copied(`${name}[${i}]`, each))
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null)
      throw argumentError(this.#where, name, value, SENDABLE)
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, this.#copied(`${name}.${key}`, each)]),
    )
  }

  #view(value: ArrayBufferView): ArrayBufferView {
    const { buffer, byteOffset, byteLength } = value
    this.bytes += byteLength
    if (this.#moves && buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) {
      // A buffer that two parameters share is transferred once.
      if (!this.transfer.includes(buffer)) this.transfer.push(buffer)
      return value
    }
    const copy = this.#take(byteLength)
    copy.set(new Uint8Array(buffer, byteOffset, byteLength))
    const type = typedArrayName(value)
    if (type === undefined) return new DataView(copy.buffer, copy.byteOffset, byteLength)
    // A Buffer of Node becomes a Uint8Array.
    const Class = (globalThis as unknown as Record<string, TypedArrayClass>)[type]
    const { length } = value as Uint8Array
    return new Class(copy.buffer, copy.byteOffset, length) as ArrayBufferView
  }

  /** Memory for a copy, aligned for numbers. */
  #take(bytes: number): Uint8Array<ArrayBuffer> {
    const start = Math.ceil(this.#used / 8) * 8
    if (this.#blockBytes === 0 || start + bytes > this.#block.byteLength) {
      this.#block = new ArrayBuffer(Math.max(bytes, this.#blockBytes))
      this.#used = bytes
      this.transfer.push(this.#block)
      return new Uint8Array(this.#block, 0, bytes)
    }
    this.#used = start + bytes
    return new Uint8Array(this.#block, start, bytes)
  }
}
