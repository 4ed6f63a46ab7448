// Exact similarities (src/core/similarity.ts, to the bit): double arithmetic, one sum a lane in index order, four rows
// at a time. Rows are `stride` bytes apart, floats at the front; the last rows of a group of four may be one and the same.

const DOT = 0
const EUCLIDEAN = 1
const SQUARE = 2
const MANHATTAN = 3

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function accumulate(mode: i32, sums: v128, rows: v128, query: v128): v128 {
  if (mode == DOT) return f64x2.add(sums, f64x2.mul(query, rows))
  if (mode == SQUARE) return f64x2.add(sums, f64x2.mul(rows, rows))
  const difference = f64x2.sub(query, rows)
  if (mode == MANHATTAN) return f64x2.add(sums, f64x2.abs(difference))
  return f64x2.add(sums, f64x2.mul(difference, difference))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function splat(query: usize): v128 {
  return f64x2.splat(<f64>load<f32>(query))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function finish(
  mode: i32, sums: v128, squares: v128, queryLength: f64,
): v128 {
  if (mode == EUCLIDEAN) return f64x2.neg(f64x2.sqrt(sums))
  if (mode == MANHATTAN) return f64x2.neg(sums)
  if (mode == SQUARE) return f64x2.sqrt(sums)
  if (queryLength < 0) return sums
  return f64x2.div(sums, f64x2.mul(f64x2.splat(queryLength), f64x2.sqrt(squares)))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function score(
  mode: i32, cosine: bool, rows: usize, stride: usize, count: usize, dim: usize, query: usize, queryLength: f64,
  out: usize, outStride: usize,
): void {
  const whole = (dim & ~3) << 2
  const size = dim << 2
  for (let first: usize = 0; first < count; first += 4) {
    const left = count - first - 1
    const a = rows + first * stride
    const b = a + stride * min<usize>(left, 1)
    const c = a + stride * min<usize>(left, 2)
    const d = a + stride * min<usize>(left, 3)
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    let lowSquares = f64x2.splat(0)
    let highSquares = f64x2.splat(0)
    let at: usize = 0
    for (; at < whole; at += 16) {
      const va = v128.load(a + at)
      const vb = v128.load(b + at)
      const vc = v128.load(c + at)
      const vd = v128.load(d + at)
      const ab = v128.shuffle<f32>(va, vb, 0, 4, 1, 5)
      const cd = v128.shuffle<f32>(vc, vd, 0, 4, 1, 5)
      const ab2 = v128.shuffle<f32>(va, vb, 2, 6, 3, 7)
      const cd2 = v128.shuffle<f32>(vc, vd, 2, 6, 3, 7)
      for (let half = 0; half < 2; half++) {
        const pairAB = half == 0 ? ab : ab2
        const pairCD = half == 0 ? cd : cd2
        const from = query + at + (half << 3)
        let low0 = f64x2.promote_low_f32x4(pairAB)
        let high0 = f64x2.promote_low_f32x4(pairCD)
        let q = mode == SQUARE ? low0 : splat(from)
        low = accumulate(mode, low, low0, q)
        high = accumulate(mode, high, high0, q)
        if (cosine) {
          lowSquares = accumulate(SQUARE, lowSquares, low0, q)
          highSquares = accumulate(SQUARE, highSquares, high0, q)
        }
        low0 = f64x2.promote_low_f32x4(v128.shuffle<f32>(pairAB, pairAB, 2, 3, 2, 3))
        high0 = f64x2.promote_low_f32x4(v128.shuffle<f32>(pairCD, pairCD, 2, 3, 2, 3))
        q = mode == SQUARE ? low0 : splat(from + 4)
        low = accumulate(mode, low, low0, q)
        high = accumulate(mode, high, high0, q)
        if (cosine) {
          lowSquares = accumulate(SQUARE, lowSquares, low0, q)
          highSquares = accumulate(SQUARE, highSquares, high0, q)
        }
      }
    }
    for (; at < size; at += 4) {
      const low0 = f64x2.replace_lane(f64x2.splat(<f64>load<f32>(a + at)), 1, <f64>load<f32>(b + at))
      const high0 = f64x2.replace_lane(f64x2.splat(<f64>load<f32>(c + at)), 1, <f64>load<f32>(d + at))
      const q = mode == SQUARE ? low0 : splat(query + at)
      low = accumulate(mode, low, low0, q)
      high = accumulate(mode, high, high0, q)
      if (cosine) {
        lowSquares = accumulate(SQUARE, lowSquares, low0, q)
        highSquares = accumulate(SQUARE, highSquares, high0, q)
      }
    }
    low = finish(mode, low, lowSquares, queryLength)
    high = finish(mode, high, highSquares, queryLength)
    store<f64>(out, f64x2.extract_lane(low, 0))
    if (left >= 1) store<f64>(out + outStride, f64x2.extract_lane(low, 1))
    if (left >= 2) store<f64>(out + outStride * 2, f64x2.extract_lane(high, 0))
    if (left >= 3) store<f64>(out + outStride * 3, f64x2.extract_lane(high, 1))
    out += outStride * 4
  }
}

/** out[i] = q.x / (|q| |x|), f64; NaN for a row of length zero. */
export function exactCosine(
  rows: usize, stride: usize, count: usize, dim: usize, query: usize, queryLength: f64, out: usize,
): void {
  score(DOT, true, rows, stride, count, dim, query, queryLength, out, 8)
}

/** out[i] = q.x, f64. */
export function exactDot(rows: usize, stride: usize, count: usize, dim: usize, query: usize, out: usize): void {
  score(DOT, false, rows, stride, count, dim, query, -1, out, 8)
}

/** out[i] = -|q - x|, f64. */
export function exactEuclidean(rows: usize, stride: usize, count: usize, dim: usize, query: usize, out: usize): void {
  score(EUCLIDEAN, false, rows, stride, count, dim, query, -1, out, 8)
}

/** out[i] = -sum of |q - x|, f64. */
export function exactManhattan(rows: usize, stride: usize, count: usize, dim: usize, query: usize, out: usize): void {
  score(MANHATTAN, false, rows, stride, count, dim, query, -1, out, 8)
}

/** out[i] = |x|, f64. */
export function magnitudes(rows: usize, stride: usize, count: usize, dim: usize, out: usize): void {
  score(SQUARE, false, rows, stride, count, dim, 0, -1, out, 8)
}
