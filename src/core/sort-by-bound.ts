/**
 * Sorts the first `count` pairs in place, largest bound first, equal bounds by position. Heapsort: no allocation, no
 * bad case.
 */
export function sortByBound(bounds: Float64Array, positions: Uint32Array, count: number): void {
  for (let root = (count >>> 1) - 1; root >= 0; root--) {
    sink(bounds, positions, root, count, bounds[root], positions[root])
  }
  for (let end = count - 1; end > 0; end--) {
    const bound = bounds[end]
    const position = positions[end]
    bounds[end] = bounds[0]
    positions[end] = positions[0]
    sink(bounds, positions, 0, end, bound, position)
  }
}

/** Sinks a pair from `root` in the heap of the first `size` pairs. The last pair in order is on top. */
function sink(
  bounds: Float64Array,
  positions: Uint32Array,
  root: number,
  size: number,
  bound: number,
  position: number,
): void {
  let at = root
  for (;;) {
    let child = 2 * at + 1
    if (child >= size) break
    const right = child + 1
    if (right < size && isAfter(bounds[right], positions[right], bounds[child], positions[child])) {
      child = right
    }
    if (!isAfter(bounds[child], positions[child], bound, position)) break
    bounds[at] = bounds[child]
    positions[at] = positions[child]
    at = child
  }
  bounds[at] = bound
  positions[at] = position
}

function isAfter(bound: number, position: number, other: number, otherPosition: number): boolean {
  return bound < other || (bound === other && position > otherPosition)
}
