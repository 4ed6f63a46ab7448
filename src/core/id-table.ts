import { copyShort } from './copy-short.ts'
import type { IdList } from './id-list.ts'

/** The number of ids that are looked up together, and what is known of them. */
const BATCH = 64
const hashes = new Uint32Array(BATCH)
const found = new Uint32Array(BATCH)

/**
 * The id of each position. Ids are stored as the UTF-8 bytes that SQLite has, so that any text is preserved and ties
 * are broken in byte order. One pool holds the ids, each after its length, and one number per position says where. The
 * reverse direction is a hash table that is built on first use.
 */
export class IdTable {
  #pool: Uint8Array
  #starts: Uint32Array
  #count = 0
  #used = 0
  /** Pool bytes of overwritten ids. */
  #waste = 0
  /** Whether other threads read the parts. Both are full then, so the first new id moves them. */
  #isShared = false
  /** Positions plus 1 by hash of the id, 0 for empty; undefined until needed. */
  #slots: Uint32Array | undefined
  #filled = 0

  constructor(expected = 16) {
    this.#pool = new Uint8Array(Math.max(64, expected * 8))
    this.#starts = new Uint32Array(Math.max(16, expected))
  }

  /** The number of positions with an id. */
  get count(): number {
    return this.#count
  }

  /** The memory it uses. */
  get bytes(): number {
    const slots = this.#slots?.byteLength ?? 0
    return this.#pool.byteLength + this.#starts.byteLength + slots
  }

  /** Gives the next position an id: the bytes from..to-1. */
  append(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
    const position = this.#count
    if (position === this.#starts.length) this.#growPositions()
    this.#count++
    this.#store(position, bytes, from, to)
    if (this.#slots) this.#link(position)
    return position
  }

  /** Gives a new id to a position that `forget` freed. */
  reuse(position: number, bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    if (this.#isShared) {
      this.#starts = this.#starts.slice()
      this.#isShared = false
    }
    this.#waste += this.idAt(position).length + 1
    this.#store(position, bytes, from, to)
    if (this.#slots) this.#link(position)
    if (this.#waste > this.#used / 2 && this.#waste > 65536) this.#repack()
  }

  /** The id at a position. It is a view, invalid after the next append. */
  idAt(position: number): Uint8Array {
    let at = this.#starts[position]
    let length = this.#pool[at++]
    if (length > 127) {
      length &= 127
      for (let shift = 7; shift < 35; shift += 7) {
        const byte = this.#pool[at++]
        length += (byte & 127) * 2 ** shift
        if (!(byte > 127)) break
      }
    }
    return this.#pool.subarray(at, at + length)
  }

  /** The live position of an id (the bytes from..to-1), or -1. */
  find(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
    return this.#findHashed(hash(bytes, from, to), bytes, from, to)
  }

  /**
   * Visits the live positions of the ids of a list. What each id needs is requested for a batch of them at a time: one
   * by one, most of the time goes to waiting for memory.
   */
  eachPosition(ids: IdList, visit: (position: number) => void): void {
    const slots = this.#slots ?? this.#buildSlots()
    const mask = slots.length - 1
    const { bytes } = ids
    for (let first = 0; first < ids.length; first += BATCH) {
      const count = Math.min(BATCH, ids.length - first)
      for (let i = 0; i < count; i++) {
        hashes[i] = hash(bytes, ids.start(first + i), ids.end(first + i))
      }
      for (let i = 0; i < count; i++) found[i] = slots[hashes[i] & mask]
      for (let i = 0; i < count; i++) {
        const slot = found[i]
        if (slot !== 0 && slot !== DELETED) found[i] = this.#pool[this.#starts[slot - 1]]
      }
      for (let i = 0; i < count; i++) {
        const from = ids.start(first + i)
        const position = this.#findHashed(hashes[i], bytes, from, ids.end(first + i))
        if (position >= 0) visit(position)
      }
    }
  }

  #findHashed(hashed: number, bytes: Uint8Array, from: number, to: number): number {
    const slots = this.#slots ?? this.#buildSlots()
    const mask = slots.length - 1
    for (let i = hashed & mask; slots[i] !== 0; i = (i + 1) & mask) {
      if (slots[i] === DELETED) continue
      const position = slots[i] - 1
      if (this.#equals(position, bytes, from, to)) return position
    }
    return -1
  }

  /** Compares without creating views of short ids. */
  #equals(position: number, bytes: Uint8Array, from: number, to: number): boolean {
    const pool = this.#pool
    let at = this.#starts[position]
    const length = pool[at++]
    if (length > 127) return compareBytes(this.idAt(position), bytes.subarray(from, to)) === 0
    if (length !== to - from) return false
    for (let i = from; i < to; i++) if (pool[at++] !== bytes[i]) return false
    return true
  }

  /** Removes the id from the reverse direction: `find` no longer sees it. */
  forget(position: number): void {
    const slots = this.#slots ?? this.#buildSlots()
    const mask = slots.length - 1
    for (let i = hash(this.idAt(position)) & mask; slots[i] !== 0; i = (i + 1) & mask) {
      if (slots[i] === position + 1) {
        slots[i] = DELETED
        return
      }
    }
  }

  /** Tells which positions are live when the reverse direction is built; the table does not store that. */
  isLive: (position: number) => boolean = () => true

  /** Releases unused capacity. */
  trim(): void {
    if (this.#pool.length > this.#used * 1.1) this.#pool = this.#pool.slice(0, this.#used)
    if (this.#starts.length > this.#count * 1.1) this.#starts = this.#starts.slice(0, this.#count)
  }

  /** The parts of a saved table, as views. Unchanged ids stay in place from one save to the next. */
  save(): { pool: Uint8Array; starts: Uint32Array } {
    return {
      pool: this.#pool.subarray(0, this.#used),
      starts: this.#starts.subarray(0, this.#count),
    }
  }

  /** The parts of a table, in memory that other threads share from now on. Later changes of this table do not appear there. */
  share(): { pool: Uint8Array; starts: Uint32Array } {
    const { pool, starts } = this.save()
    this.#pool = new Uint8Array(new SharedArrayBuffer(pool.byteLength))
    this.#starts = new Uint32Array(new SharedArrayBuffer(starts.byteLength))
    this.#pool.set(pool)
    this.#starts.set(starts)
    this.#isShared = true
    return { pool: this.#pool, starts: this.#starts }
  }

  /**
   * Restores a table from the parts of `save`, and takes ownership of them. Undefined when they do not match each
   * other. `isShared`: they are the parts of `share`.
   */
  static restore(pool: Uint8Array, starts: Uint32Array, isShared = false): IdTable | undefined {
    const table = new IdTable(0)
    table.#isShared = isShared
    table.#pool = pool
    table.#starts = starts
    table.#count = starts.length
    table.#used = pool.length
    let live = 0
    for (let position = 0; position < starts.length; position++) {
      const at = starts[position]
      // Most ids are short, with a length of one byte.
      const length = pool[at]
      const end = length > 127 ? table.#endOf(position) : at + 1 + length
      if (!(end <= pool.length)) return undefined
      live += end - at
    }
    table.#waste = Math.max(0, pool.length - live)
    return table
  }

  /** Where a stored id ends; NaN if its length exceeds the pool. */
  #endOf(position: number): number {
    let at = this.#starts[position]
    let length = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= this.#pool.length || shift > 28) return NaN
      const byte = this.#pool[at++]
      length += (byte & 127) * 2 ** shift
      if (byte < 128) return at + length
    }
  }

  #store(position: number, bytes: Uint8Array, from: number, to: number): void {
    const needed = to - from + 5
    if (this.#used + needed > this.#pool.length) this.#growPool(needed)
    const pool = this.#pool
    this.#starts[position] = this.#used
    let length = to - from
    for (; length > 127; length >>>= 7) pool[this.#used++] = (length & 127) | 128
    pool[this.#used++] = length
    copyShort(bytes, from, to, pool, this.#used)
    this.#used += to - from
  }

  #growPool(more: number): void {
    const size = Math.max(this.#used + more, Math.ceil(this.#pool.length * 1.5))
    const pool = new Uint8Array(size)
    pool.set(this.#pool.subarray(0, this.#used))
    this.#pool = pool
  }

  #growPositions(): void {
    const starts = new Uint32Array(Math.ceil(this.#starts.length * 1.5) + 16)
    starts.set(this.#starts)
    this.#starts = starts
  }

  #repack(): void {
    const old = new IdTable(0)
    old.#pool = this.#pool
    old.#starts = this.#starts.slice(0, this.#count)
    this.#pool = new Uint8Array(Math.max(64, this.#used - this.#waste + 16))
    this.#used = 0
    this.#waste = 0
    for (let position = 0; position < this.#count; position++) {
      const id = old.idAt(position)
      this.#store(position, id, 0, id.length)
    }
  }

  #link(position: number): void {
    const slots = this.#slots
    if (!slots) return
    if ((this.#filled + 1) * 4 > slots.length * 3) {
      this.#buildSlots()
      return
    }
    const mask = slots.length - 1
    let i = hash(this.idAt(position)) & mask
    while (slots[i] !== 0) i = (i + 1) & mask
    slots[i] = position + 1
    this.#filled++
  }

  /** The `hash` of a stored id, without a view of it. */
  #hashAt(position: number): number {
    const pool = this.#pool
    const at = this.#starts[position]
    const length = pool[at]
    if (length > 127) return hash(this.idAt(position))
    let h = HASH_SEED
    for (let i = at + 1; i <= at + length; i++) h = Math.imul(h ^ pool[i], HASH_PRIME)
    return mix(h)
  }

  #buildSlots(): Uint32Array {
    let size = 16
    while (size < this.#count * 2 + 16) size *= 2
    const slots = new Uint32Array(size)
    const mask = size - 1
    let filled = 0
    for (let position = 0; position < this.#count; position++) {
      if (!this.isLive(position)) continue
      let i = this.#hashAt(position) & mask
      while (slots[i] !== 0) i = (i + 1) & mask
      slots[i] = position + 1
      filled++
    }
    this.#slots = slots
    this.#filled = filled
    return slots
  }
}

const DELETED = 0xffffffff

const HASH_SEED = 0x811c9dc5
const HASH_PRIME = 0x01000193

/** FNV-1a with a final mix (Fowler, Noll, Vo). */
function hash(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
  let h = HASH_SEED
  for (let i = from; i < to; i++) h = Math.imul(h ^ bytes[i], HASH_PRIME)
  return mix(h)
}

function mix(hashed: number): number {
  let h = hashed ^ (hashed >>> 15)
  h = Math.imul(h, 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}

/** Compares in byte order, which breaks ties. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i]
  return a.length - b.length
}
