/** Positions and squares of rows that may belong to an answer. The arrays are reused. */
export class FoundRows {
  positions: Uint32Array = new Uint32Array(256)
  squares: Float64Array = new Float64Array(256)
  count = 0

  get bytes(): number {
    return this.positions.byteLength + this.squares.byteLength
  }

  add(position: number, square: number, cut: number): void {
    if (this.count === this.positions.length) this.#makeSpace(cut)
    this.positions[this.count] = position
    this.squares[this.count++] = square
  }

  /** Drops the rows whose square is above `cut`. */
  keep(cut: number): void {
    const { positions, squares } = this
    let kept = 0
    for (let i = 0; i < this.count; i++) {
      if (squares[i] > cut) continue
      positions[kept] = positions[i]
      squares[kept++] = squares[i]
    }
    this.count = kept
  }

  #makeSpace(cut: number): void {
    this.keep(cut)
    if (this.count < this.positions.length / 2) return
    const positions = new Uint32Array(this.positions.length * 2)
    const squares = new Float64Array(positions.length)
    positions.set(this.positions)
    squares.set(this.squares)
    this.positions = positions
    this.squares = squares
  }

  /** Smallest square first: a heap sort in place. */
  sort(): void {
    const { positions, squares, count } = this
    for (let root = (count >>> 1) - 1; root >= 0; root--) {
      sift(positions, squares, root, count, positions[root], squares[root])
    }
    for (let end = count - 1; end > 0; end--) {
      const position = positions[end]
      const square = squares[end]
      positions[end] = positions[0]
      squares[end] = squares[0]
      sift(positions, squares, 0, end, position, square)
    }
  }
}

/** Lets (position, square) sink from `at` in the heap of the first `size` rows, the largest square on top. */
function sift(
  positions: Uint32Array,
  squares: Float64Array,
  root: number,
  size: number,
  position: number,
  square: number,
): void {
  let at = root
  for (;;) {
    let down = 2 * at + 1
    if (down >= size) break
    if (down + 1 < size && squares[down + 1] > squares[down]) down++
    if (squares[down] <= square) break
    positions[at] = positions[down]
    squares[at] = squares[down]
    at = down
  }
  positions[at] = position
  squares[at] = square
}
