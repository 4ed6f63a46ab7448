import { grown } from './grown.ts'

/** Nodes waiting to be opened, smallest bound first: a binary heap in three arrays. */
export class NodeQueue {
  #bounds = new Float64Array(256)
  #keys = new Float64Array(256)
  #nodes = new Uint32Array(256)
  #size = 0

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#bounds.byteLength + this.#keys.byteLength + this.#nodes.byteLength
  }

  /** Bound, key and node of the first entry; only valid while `size` is above 0. */
  get bound(): number {
    return this.#bounds[0]
  }

  get key(): number {
    return this.#keys[0]
  }

  get node(): number {
    return this.#nodes[0]
  }

  clear(): void {
    this.#size = 0
  }

  push(bound: number, key: number, node: number): void {
    if (this.#size === this.#nodes.length) this.#grow()
    const bounds = this.#bounds
    const keys = this.#keys
    const nodes = this.#nodes
    let at = this.#size++
    while (at > 0) {
      const up = (at - 1) >>> 1
      if (bounds[up] <= bound) break
      bounds[at] = bounds[up]
      keys[at] = keys[up]
      nodes[at] = nodes[up]
      at = up
    }
    bounds[at] = bound
    keys[at] = key
    nodes[at] = node
  }

  /** Removes the first entry. */
  pop(): void {
    const bounds = this.#bounds
    const keys = this.#keys
    const nodes = this.#nodes
    const size = --this.#size
    const bound = bounds[size]
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      if (down >= size) break
      if (down + 1 < size && bounds[down + 1] < bounds[down]) down++
      if (bounds[down] >= bound) break
      bounds[at] = bounds[down]
      keys[at] = keys[down]
      nodes[at] = nodes[down]
      at = down
    }
    bounds[at] = bound
    keys[at] = keys[size]
    nodes[at] = nodes[size]
  }

  #grow(): void {
    const size = this.#nodes.length * 2
    this.#bounds = grown(this.#bounds, size)
    this.#keys = grown(this.#keys, size)
    this.#nodes = grown(this.#nodes, size)
  }
}
