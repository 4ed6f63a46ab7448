// A first test of four rows at once, in single precision: it drops most rows of a scan. It never drops a row that the test in
// double precision would keep, so results do not depend on it. docs/exact-index.md, "The first test", proves that.

// A query whose scale (or square) is outside of this range is not tested: products might overflow, or lose their bits.
const LEAST_SCALE: f64 = 8.673617379884035e-19 // 2^-60
const MOST_SCALE: f64 = 1.152921504606847e18 // 2^60
const LEAST_SQUARE: f64 = 8.271806125530277e-25 // 2^-80
const MOST_SQUARE: f64 = 1.2676506002282294e30 // 2^100
const LARGE: f32 = 8.507059173023462e37 // 2^126
const TINY: f64 = 8.271806125530277e-25 // 2^-80
// Relative margins: 2^-19, 2^-18, 2^-22 and 1 + 2^-20.
const OF_DOT: f64 = 0.0000019073486328125
const OF_SQUARE: f64 = 0.000003814697265625
const OF_LEAST: f64 = 2.384185791015625e-7
const OF_REACH: f32 = 1.00000095367431640625

// The constants of the test, from those of a scan. Dot: scale, perError, perLength; Euclidean: twice, error, square, rounding.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function roughSecond(euclidean: bool, second: f64, third: f64, least: f64): f32 {
  if (!euclidean) return <f32>(second + second * OF_DOT)
  const reach = second - least
  return third >= LEAST_SQUARE && third <= MOST_SQUARE ? <f32>(reach + abs(reach) * OF_LEAST + TINY) : f32.MAX_VALUE
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function roughThird(euclidean: bool, second: f64, third: f64): f32 {
  return euclidean ? <f32>third : <f32>(third + (second + third) * OF_DOT)
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function roughFourth(euclidean: bool, first: f64, fourth: f64, least: f64): f32 {
  if (euclidean) return <f32>(fourth + OF_SQUARE)
  if (first < LEAST_SCALE || first > MOST_SCALE) return -Infinity
  return min<f32>(<f32>(least - abs(least) * OF_LEAST - TINY), LARGE)
}

// Which of four rows are not dropped. `most`: the most that the dots of their codes can be.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function roughlyReaching(
  euclidean: bool, most: v128, scales: v128, errors: v128, terms: v128, first: f32, second: f32, third: f32, fourth: f32,
): u32 {
  const mixed = f32x4.mul(f32x4.mul(scales, f32x4.splat(first)), most)
  if (euclidean) {
    const sum = f32x4.add(f32x4.mul(f32x4.mul(scales, scales), f32x4.convert_i32x4_s(terms)), f32x4.splat(third))
    const nearest = f32x4.sub(f32x4.sub(sum, mixed), f32x4.mul(sum, f32x4.splat(fourth)))
    const reach = f32x4.pmax(f32x4.add(errors, f32x4.splat(second)), f32x4.splat(0))
    const square = f32x4.mul(f32x4.mul(reach, f32x4.splat(OF_REACH)), reach)
    return ~i32x4.bitmask(f32x4.gt(f32x4.pmin(nearest, f32x4.splat(LARGE)), square)) & 15
  }
  const slack = f32x4.add(f32x4.mul(errors, f32x4.splat(second)), f32x4.mul(terms, f32x4.splat(third)))
  const low = f32x4.lt(f32x4.add(mixed, slack), f32x4.splat(fourth))
  return ~i32x4.bitmask(v128.and(low, f32x4.ge(mixed, f32x4.splat(-f32.MAX_VALUE)))) & 15
}
