// float32 rows to int8 codes: row = scale * codes + what `error` bounds. docs/exact-index.md, "Quantising a row".

// The least float32 not below v, for v >= 0.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function roundUp(v: f64): f32 {
  const near = <f32>v
  return <f64>near < v ? reinterpret<f32>(reinterpret<u32>(near) + 1) : near
}

// Up to three floats, the rest of the lanes 0.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function loadRest(from: usize, count: usize): v128 {
  let v = f32x4.splat(0)
  v = f32x4.replace_lane(v, 0, load<f32>(from))
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(from + 4))
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(from + 8))
  return v
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function codesOf(v: v128, k: f64): v128 {
  const codes = f64x2.nearest(f64x2.mul(v, f64x2.splat(k)))
  return f64x2.max(f64x2.min(codes, f64x2.splat(127)), f64x2.splat(-127))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function putCodes(to: usize, low: v128, high: v128): void {
  const ints = v128.shuffle<i32>(
    i32x4.trunc_sat_f64x2_s_zero(low), i32x4.trunc_sat_f64x2_s_zero(high), 0, 1, 4, 5,
  )
  const shorts = i16x8.narrow_i32x4_s(ints, ints)
  v128.store_lane<i32>(to, i8x16.narrow_i16x8_s(shorts, shorts), 0)
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function square(sums: v128, x: v128, inverse: f64, codes: v128, scale: f64): v128 {
  const difference = f64x2.sub(f64x2.mul(x, f64x2.splat(inverse)), f64x2.mul(f64x2.splat(scale), codes))
  return f64x2.add(sums, f64x2.mul(difference, difference))
}

/**
 * `count` rows of `dim` floats, `fromStride` bytes apart, to rows of `stride` bytes (zeroed beforehand beyond the codes).
 * `lengths` (f64 each): the rows are divided by them (cosine; a row of length 0 gets the error -1: never a hit), or 0.
 * `euclidean`: the last word holds the sum of the squared codes, else the length of scale * codes rounded up.
 */
export function quantize(
  from: usize, fromStride: usize, count: usize, dim: usize, lengths: usize, euclidean: u32, to: usize, stride: usize,
): void {
  const whole = (dim & ~3) << 2
  const rest = dim & 3
  const slack = <f64>(dim + 32) * 4.440892098500626e-16
  for (; count > 0; count--) {
    let most = f32x4.splat(0)
    for (let at: usize = 0; at < whole; at += 16) most = f32x4.max(most, f32x4.abs(v128.load(from + at)))
    if (rest) most = f32x4.max(most, f32x4.abs(loadRest(from + whole, rest)))
    const largest = <f64>max<f32>(
      max<f32>(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
      max<f32>(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
    )
    const length = lengths ? load<f64>(lengths) : 1
    const inverse = length > 0 ? 1 / length : 0
    const rowScale = <f32>(largest * inverse / 127)
    const scale = <f64>rowScale
    const k = scale > 0 ? inverse / scale : 0
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    let lowCodes = f64x2.splat(0)
    let highCodes = f64x2.splat(0)
    for (let at: usize = 0, size = dim << 2; at < size; at += 16) {
      const v = at < whole ? v128.load(from + at) : loadRest(from + at, rest)
      const a = f64x2.promote_low_f32x4(v)
      const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3))
      const ca = codesOf(a, k)
      const cb = codesOf(b, k)
      putCodes(to + (at >> 2), ca, cb)
      low = square(low, a, inverse, ca, scale)
      high = square(high, b, inverse, cb, scale)
      lowCodes = f64x2.add(lowCodes, f64x2.mul(ca, ca))
      highCodes = f64x2.add(highCodes, f64x2.mul(cb, cb))
    }
    const errors = f64x2.add(low, high)
    const squares = f64x2.add(lowCodes, highCodes)
    const codeSquares = f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1)
    let error = sqrt<f64>(f64x2.extract_lane(errors, 0) + f64x2.extract_lane(errors, 1)) * (1 + slack)
    if (lengths) error += slack
    const tail = to + stride - 12
    store<f32>(tail, rowScale)
    store<f32>(tail, length > 0 ? roundUp(error) : -1, 4)
    if (euclidean) store<i32>(tail, <i32>codeSquares, 8)
    else store<f32>(tail, roundUp(scale * sqrt<f64>(codeSquares) * (1 + slack)), 8)
    from += fromStride
    to += stride
    if (lengths) lengths += 8
  }
}
