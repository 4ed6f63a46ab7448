/** For few bytes, a loop is faster than a call of `set` and its view. */
export function copyShort(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  if (end - start > 32) to.set(from.subarray(start, end), at)
  else for (let i = start; i < end; i++) to[at++] = from[i]
}
