import type { Colour } from './palette.ts'
import type { ViewBox } from './view-box.ts'

export interface PointColours {
  readonly colours: readonly Colour[]
  /** For each point the place of its colour. */
  readonly codes: Uint8Array
  /** For each point 1 if it is shown as usual, 0 if it steps back; undefined: all as usual. */
  readonly mask: Uint8Array | undefined
}

const FAINT = 0.16

/**
 * Draws points as discs into an image, pixel by pixel. A million of them take some 50 ms, which WebGL would do faster;
 * but this needs no graphics processor, and libraries for WebGL make code of text, which the policy of the page forbids.
 */
export function drawPoints(
  image: ImageData,
  view: ViewBox,
  points: Float32Array,
  { colours, codes, mask }: PointColours,
  background: Colour,
  radius: number,
): void {
  const { data, width, height } = image
  new Uint32Array(data.buffer).fill(
    0xff000000 | (background[2] << 16) | (background[1] << 8) | background[0],
  )
  const disc = discOf(radius)
  const reach = (disc.size - 1) / 2
  const { scale } = view
  const left = width / 2 - view.x * scale
  const top = height / 2 + view.y * scale
  // Those that step back first, so that they cover nothing.
  for (const wanted of mask === undefined ? [1] : [0, 1]) {
    const strength = wanted === 1 ? 1 : FAINT
    for (let i = 0; i < codes.length; i++) {
      if (mask !== undefined && mask[i] !== wanted) continue
      const column = Math.round(points[2 * i] * scale + left) - reach
      const row = Math.round(top - points[2 * i + 1] * scale) - reach
      if (column < 0 || row < 0 || column + disc.size > width || row + disc.size > height) continue
      const [red, green, blue] = colours[codes[i]]
      for (let y = 0, at = 0; y < disc.size; y++) {
        let pixel = ((row + y) * width + column) * 4
        for (let x = 0; x < disc.size; x++, pixel += 4) {
          const alpha = disc.alphas[at++] * strength
          if (alpha === 0) continue
          data[pixel] += (red - data[pixel]) * alpha
          data[pixel + 1] += (green - data[pixel + 1]) * alpha
          data[pixel + 2] += (blue - data[pixel + 2]) * alpha
        }
      }
    }
  }
}

/** The coverage of the pixels of a disc, with soft edges. */
function discOf(radius: number): { readonly size: number; readonly alphas: Float32Array } {
  const reach = Math.ceil(radius)
  const size = 2 * reach + 1
  const alphas = new Float32Array(size * size)
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      alphas[y * size + x] =
        0.82 * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x - reach, y - reach)))
  return { size, alphas }
}
