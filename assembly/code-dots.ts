// Dot products of int8 codes, `codes` of them (a multiple of 16), with a 16-bit query.

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function products(row: usize, query: usize, codes: usize): v128 {
  let even = i32x4.splat(0)
  let odd = i32x4.splat(0)
  const end = row + codes
  do {
    even = i32x4.add(even, i32x4.dot_i16x8_s(v128.load_ext<i8>(row), v128.load(query)))
    odd = i32x4.add(odd, i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 8), v128.load(query, 16)))
    row += 16
    query += 32
  } while (row != end)
  return i32x4.add(even, odd)
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function total(sums: v128): i32 {
  return (
    i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
  )
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function step(sums: v128, row: usize, first: v128, second: v128): v128 {
  const a = i32x4.dot_i16x8_s(v128.load_ext<i8>(row), first)
  const b = i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 8), second)
  return i32x4.add(sums, i32x4.add(a, b))
}

// The dots of four rows, which share the loads of the query.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function dots(first: usize, second: usize, third: usize, fourth: usize, query: usize, codes: usize): v128 {
  let a = i32x4.splat(0)
  let b = i32x4.splat(0)
  let c = i32x4.splat(0)
  let d = i32x4.splat(0)
  // One address advances; the others are differences from it.
  const toSecond = second - first
  const toThird = third - first
  const toFourth = fourth - first
  for (let row = first, end = first + codes; row != end; row += 16) {
    const low = v128.load(query)
    const high = v128.load(query, 16)
    a = step(a, row, low, high)
    b = step(b, row + toSecond, low, high)
    c = step(c, row + toThird, low, high)
    d = step(d, row + toFourth, low, high)
    query += 32
  }
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7))
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7))
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7))
}
