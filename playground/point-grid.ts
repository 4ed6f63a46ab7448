/** Points in cells of a grid, so that those near a place are found without looking at all of them. */
export class PointGrid {
  readonly #points: Float32Array
  readonly #cells: number
  readonly #starts: Uint32Array
  readonly #members: Uint32Array
  readonly #left: number
  readonly #top: number
  readonly #size: number

  /** The smallest rectangle with all points, in the order left, top, right, bottom. */
  readonly bounds: readonly [number, number, number, number]

  constructor(points: Float32Array) {
    this.#points = points
    const count = points.length / 2
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let i = 0; i < points.length; i += 2) {
      left = Math.min(left, points[i])
      right = Math.max(right, points[i])
      top = Math.min(top, points[i + 1])
      bottom = Math.max(bottom, points[i + 1])
    }
    if (count === 0) [left, top, right, bottom] = [0, 0, 1, 1]
    this.bounds = [left, top, right, bottom]
    this.#left = left
    this.#top = top
    this.#cells = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(count / 4))))
    this.#size = Math.max(right - left, bottom - top, 1e-12) / this.#cells
    const cells = this.#cells * this.#cells
    this.#starts = new Uint32Array(cells + 1)
    const cellOf = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      const cell = this.#column(points[2 * i]) + this.#row(points[2 * i + 1]) * this.#cells
      cellOf[i] = cell
      this.#starts[cell + 1]++
    }
    for (let cell = 0; cell < cells; cell++) this.#starts[cell + 1] += this.#starts[cell]
    const next = this.#starts.slice()
    this.#members = new Uint32Array(count)
    for (let i = 0; i < count; i++) this.#members[next[cellOf[i]]++] = i
  }

  /** The point nearest to a place, at most `reach` away; -1 if there is none. */
  nearest(x: number, y: number, reach: number): number {
    let best = -1
    let least = reach * reach
    this.#each(x - reach, y - reach, x + reach, y + reach, i => {
      const distance = (this.#points[2 * i] - x) ** 2 + (this.#points[2 * i + 1] - y) ** 2
      if (distance > least) return
      least = distance
      best = i
    })
    return best
  }

  /** The points inside of a polygon, which is x and y of each corner. In order. */
  inside(polygon: readonly number[]): number[] {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let i = 0; i < polygon.length; i += 2) {
      left = Math.min(left, polygon[i])
      right = Math.max(right, polygon[i])
      top = Math.min(top, polygon[i + 1])
      bottom = Math.max(bottom, polygon[i + 1])
    }
    const found: number[] = []
    this.#each(left, top, right, bottom, i => {
      if (contains(polygon, this.#points[2 * i], this.#points[2 * i + 1])) found.push(i)
    })
    return found.toSorted((a, b) => a - b)
  }

  #each(
    left: number,
    top: number,
    right: number,
    bottom: number,
    visit: (i: number) => void,
  ): void {
    for (let row = this.#row(top); row <= this.#row(bottom); row++) {
      const first = this.#starts[this.#column(left) + row * this.#cells]
      const end = this.#starts[this.#column(right) + row * this.#cells + 1]
      for (let at = first; at < end; at++) visit(this.#members[at])
    }
  }

  #column(x: number): number {
    return Math.min(this.#cells - 1, Math.max(0, Math.floor((x - this.#left) / this.#size)))
  }

  #row(y: number): number {
    return Math.min(this.#cells - 1, Math.max(0, Math.floor((y - this.#top) / this.#size)))
  }
}

/** Whether a ray to the right crosses the outline an odd number of times. */
function contains(polygon: readonly number[], x: number, y: number): boolean {
  let isInside = false
  for (let i = 0, before = polygon.length - 2; i < polygon.length; before = i, i += 2) {
    const [ax, ay, bx, by] = [polygon[i], polygon[i + 1], polygon[before], polygon[before + 1]]
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside
  }
  return isInside
}
