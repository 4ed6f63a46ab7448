import { seededNormal, seededRandom } from './random.ts'

/** Of each number, relative to a centre's. */
const NOISE = 0.6
/** The share of the axes over which the variance falls to 1/e, about that of sentence embeddings. */
const FALL = 0.2
/** Rows have a noise of two of these, so that there are millions of different ones. */
const NOISES = 4096
/** A power of two that divides 384 and 768. */
const BLOCK = 128

/**
 * Rows around centres, whose variance falls from axis to axis like that of real embeddings. The axes are turned, so that no number
 * tells more than another one. Only the parts of rows are drawn beforehand: a row costs two additions for each number.
 */
export class SpectrumMixture {
  readonly dim: number
  readonly #random: () => number
  readonly #centres: Float32Array
  readonly #noises: Float32Array
  readonly #centreCount: number

  constructor(seed: number, dim: number, centres = 2000) {
    if (dim % BLOCK !== 0)
      throw new RangeError(`the dimension must be a multiple of ${BLOCK}, got ${dim}`)
    this.dim = dim
    this.#random = seededRandom(seed + 1)
    const normal = seededNormal(seed)
    const turn = turned(seed + 2, dim)
    const parts = (count: number, scale: number): Float32Array => {
      const all = new Float32Array(count * dim)
      for (let i = 0; i < count; i++) {
        const part = all.subarray(i * dim, (i + 1) * dim)
        for (let j = 0; j < dim; j++) part[j] = scale * Math.exp(-j / (2 * FALL * dim)) * normal()
        turn(part)
      }
      return all
    }
    this.#centreCount = centres
    this.#centres = parts(centres, 1)
    this.#noises = parts(NOISES, NOISE)
  }

  /** Draws the next row. */
  draw(to: Float32Array): void {
    const { dim } = this
    const random = this.#random
    const centre = Math.floor(random() * this.#centreCount) * dim
    const one = Math.floor(random() * NOISES) * dim
    const other = Math.floor(random() * NOISES) * dim
    const angle = 2 * Math.PI * random()
    const a = Math.cos(angle)
    const b = Math.sin(angle)
    const centres = this.#centres
    const noises = this.#noises
    for (let i = 0; i < dim; i++) {
      to[i] = centres[centre + i] + a * noises[one + i] + b * noises[other + i]
    }
  }
}

/** A rotation: signs and Hadamard transforms of blocks, twice, with a random order of the axes in between. */
function turned(seed: number, dim: number): (vector: Float32Array) => void {
  const random = seededRandom(seed)
  const signs = Float32Array.from({ length: 2 * dim }, () => (random() < 0.5 ? -1 : 1))
  const order = Uint32Array.from({ length: dim }, (_, i) => i)
  for (let i = dim - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  const between = new Float32Array(dim)
  return vector => {
    for (let i = 0; i < dim; i++) between[order[i]] = vector[i] * signs[i]
    hadamard(between)
    for (let i = 0; i < dim; i++) vector[order[i]] = between[i] * signs[dim + i]
    hadamard(vector)
  }
}

function hadamard(vector: Float32Array): void {
  const scale = 1 / Math.sqrt(2)
  for (let width = 1; width < BLOCK; width *= 2) {
    for (let start = 0; start < vector.length; start += 2 * width) {
      for (let i = start; i < start + width; i++) {
        const sum = (vector[i] + vector[i + width]) * scale
        vector[i + width] = (vector[i] - vector[i + width]) * scale
        vector[i] = sum
      }
    }
  }
}
