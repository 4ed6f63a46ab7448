import assert from 'node:assert/strict'

export type Rows = Map<string, Float32Array>

/** The committed states of a table that may answer a read: the one when it was made, and all later ones. */
export class VectorModel {
  readonly #states: Rows[] = [new Map()]

  get now(): Rows {
    return this.#states.at(-1)!
  }

  /** The number of the present state. */
  get version(): number {
    return this.#states.length - 1
  }

  /** Enters the next state, before its write is made, or after it was refused. */
  enter(rows: Rows): void {
    this.#states.push(rows)
  }

  /** Fails if no state from `from` on has these nearest ids, in this order. */
  check(found: readonly string[], query: Float32Array, from: number): void {
    const expected = this.#states.slice(from).map(rows => nearest(rows, query, found.length))
    if (expected.some(ids => ids.every((id, i) => id === found[i]))) return
    assert.deepEqual(found, expected.at(-1), `no state from ${from} to ${this.version}`)
  }
}

/** The ids of the k rows with the smallest distance, computed in double precision. */
export function nearest(rows: Rows, query: Float32Array, k: number): string[] {
  const best: { id: string; square: number }[] = []
  for (const [id, vector] of rows) {
    let square = 0
    for (let i = 0; i < vector.length; i++) square += (vector[i] - query[i]) ** 2
    if (best.length === k && square >= best[k - 1].square) continue
    let at = best.length
    while (at > 0 && best[at - 1].square > square) at--
    best.splice(at, 0, { id, square })
    if (best.length > k) best.pop()
  }
  return best.map(({ id }) => id)
}
