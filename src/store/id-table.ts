/**
 * Which id stands at which position. Ids are kept as the UTF-8 bytes that SQLite has, so that any text survives and
 * ties break in byte order. One pool of bytes, two numbers a position; the reverse direction is a hash table that is
 * built when it is first asked for.
 */
export class IdTable {
  #pool: Uint8Array
  #starts: Uint32Array
  #lengths: Uint32Array
  #count = 0
  #used = 0
  /** Pool bytes of ids that were overwritten. */
  #waste = 0
  /** position + 1 by hash of the id, 0 empty; undefined until needed. */
  #slots: Uint32Array | undefined
  #filled = 0

  constructor(expected = 16) {
    this.#pool = new Uint8Array(Math.max(64, expected * 8))
    this.#starts = new Uint32Array(Math.max(16, expected))
    this.#lengths = new Uint32Array(Math.max(16, expected))
  }

  /** Positions that have an id. */
  get count(): number {
    return this.#count
  }

  /** Memory it holds. */
  get bytes(): number {
    const slots = this.#slots?.byteLength ?? 0
    return this.#pool.byteLength + this.#starts.byteLength + this.#lengths.byteLength + slots
  }

  /** Gives the next position an id. */
  append(id: Uint8Array): number {
    const position = this.#count
    if (position === this.#starts.length) this.#growPositions()
    this.#count++
    this.#store(position, id)
    if (this.#slots) this.#link(position)
    return position
  }

  /** Gives a position that `forget` freed another id. */
  reuse(position: number, id: Uint8Array): void {
    this.#waste += this.#lengths[position]
    this.#store(position, id)
    if (this.#slots) this.#link(position)
    if (this.#waste > this.#used / 2 && this.#waste > 65536) this.#repack()
  }

  /** The id at a position: a view, gone after the next append. */
  idAt(position: number): Uint8Array {
    const start = this.#starts[position]
    return this.#pool.subarray(start, start + this.#lengths[position])
  }

  /** The live position of an id, or -1. */
  find(id: Uint8Array): number {
    const slots = this.#slots ?? this.#buildSlots()
    const mask = slots.length - 1
    for (let i = hash(id, 0, id.length) & mask; slots[i] !== 0; i = (i + 1) & mask) {
      if (slots[i] === DELETED) continue
      const position = slots[i] - 1
      if (this.#equals(position, id)) return position
    }
    return -1
  }

  /** Takes the id off the reverse direction: `find` no longer sees it. */
  forget(position: number): void {
    const slots = this.#slots ?? this.#buildSlots()
    const mask = slots.length - 1
    const start = this.#starts[position]
    const length = this.#lengths[position]
    for (let i = hash(this.#pool, start, length) & mask; slots[i] !== 0; i = (i + 1) & mask) {
      if (slots[i] === position + 1) {
        slots[i] = DELETED
        return
      }
    }
  }

  /** Tells which positions are alive when the reverse direction is built; the table itself keeps no such mark. */
  isLive: (position: number) => boolean = () => true

  /** What a saved table consists of. */
  save(): { pool: Uint8Array; lengths: Uint32Array } {
    if (this.#waste > 0 || this.#outOfOrder()) this.#repack()
    return {
      pool: this.#pool.subarray(0, this.#used),
      lengths: this.#lengths.subarray(0, this.#count),
    }
  }

  /** Takes back what `save` gave; undefined when the two do not fit together. */
  static restore(pool: Uint8Array, lengths: Uint32Array): IdTable | undefined {
    const table = new IdTable(0)
    const starts = new Uint32Array(Math.max(16, lengths.length))
    let at = 0
    for (let i = 0; i < lengths.length; i++) {
      starts[i] = at
      at += lengths[i]
      if (at > pool.length) return undefined
    }
    if (at !== pool.length) return undefined
    table.#pool = new Uint8Array(Math.max(64, pool.length))
    table.#pool.set(pool)
    table.#starts = starts
    table.#lengths = new Uint32Array(starts.length)
    table.#lengths.set(lengths)
    table.#count = lengths.length
    table.#used = at
    return table
  }

  #outOfOrder(): boolean {
    let at = 0
    for (let i = 0; i < this.#count; i++) {
      if (this.#starts[i] !== at) return true
      at += this.#lengths[i]
    }
    return at !== this.#used
  }

  #store(position: number, id: Uint8Array): void {
    if (this.#used + id.length > this.#pool.length) this.#growPool(id.length)
    this.#pool.set(id, this.#used)
    this.#starts[position] = this.#used
    this.#lengths[position] = id.length
    this.#used += id.length
  }

  #growPool(more: number): void {
    const size = Math.max(this.#used + more, Math.ceil(this.#pool.length * 1.5))
    const pool = new Uint8Array(size)
    pool.set(this.#pool.subarray(0, this.#used))
    this.#pool = pool
  }

  #growPositions(): void {
    const size = Math.ceil(this.#starts.length * 1.5)
    const starts = new Uint32Array(size)
    const lengths = new Uint32Array(size)
    starts.set(this.#starts)
    lengths.set(this.#lengths)
    this.#starts = starts
    this.#lengths = lengths
  }

  #repack(): void {
    let total = 0
    for (let i = 0; i < this.#count; i++) total += this.#lengths[i]
    const pool = new Uint8Array(Math.max(64, total))
    let at = 0
    for (let i = 0; i < this.#count; i++) {
      const start = this.#starts[i]
      pool.set(this.#pool.subarray(start, start + this.#lengths[i]), at)
      this.#starts[i] = at
      at += this.#lengths[i]
    }
    this.#pool = pool
    this.#used = at
    this.#waste = 0
  }

  #link(position: number): void {
    let slots = this.#slots
    if (!slots) return
    if ((this.#filled + 1) * 3 > slots.length * 2) {
      this.#slots = undefined
      slots = this.#buildSlots()
      return
    }
    const mask = slots.length - 1
    const start = this.#starts[position]
    let i = hash(this.#pool, start, this.#lengths[position]) & mask
    while (slots[i] !== 0) i = (i + 1) & mask
    slots[i] = position + 1
    this.#filled++
  }

  #buildSlots(): Uint32Array {
    let size = 16
    while (size * 3 < this.#count * 4 + 48) size *= 2
    const slots = new Uint32Array(size)
    const mask = size - 1
    let filled = 0
    for (let position = 0; position < this.#count; position++) {
      if (!this.isLive(position)) continue
      let i = hash(this.#pool, this.#starts[position], this.#lengths[position]) & mask
      while (slots[i] !== 0) i = (i + 1) & mask
      slots[i] = position + 1
      filled++
    }
    this.#slots = slots
    this.#filled = filled
    return slots
  }

  #equals(position: number, id: Uint8Array): boolean {
    const length = this.#lengths[position]
    if (length !== id.length) return false
    const start = this.#starts[position]
    for (let i = 0; i < length; i++) if (this.#pool[start + i] !== id[i]) return false
    return true
  }
}

const DELETED = 0xffffffff

/** FNV-1a with a final mix (Fowler, Noll, Vo). */
function hash(bytes: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5
  for (let i = start; i < start + length; i++) h = Math.imul(h ^ bytes[i], 0x01000193)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}

/** Byte order: what ties break by. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i]
  return a.length - b.length
}
