// Error bounds of sums over `dim` numbers: docs/exact-index.md, "The bounds".

/** The relative slack for double arithmetic. */
export function doubleSlack(dim: number): number {
  return (dim + 32) * 2 ** -51
}

/** The relative rounding error of a kernel's sum in single precision, and of the double arithmetic around it. */
export function singleRounding(dim: number): number {
  const steps = Math.ceil(dim / 16) + 12
  return (steps * 2 ** -24) / (1 - steps * 2 ** -24) + 4 * doubleSlack(dim)
}

const single = new Float32Array(1)
const bits = new Uint32Array(single.buffer)

/** The smallest float32 not below v, for v >= 0. */
export function roundedUp(v: number): number {
  single[0] = v
  if (single[0] < v) bits[0]++
  return single[0]
}
