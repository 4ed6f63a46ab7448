/**
 * Copies a row between memories: addresses and bytes are multiples of 4. For a hundred bytes, a loop takes less than half of the time
 * of views and `set`; for several hundred, as long.
 */
export function copyWords(
  from: Uint32Array,
  address: number,
  to: Uint32Array,
  target: number,
  bytes: number,
): void {
  const end = (address + bytes) / 4
  for (let at = address / 4, into = target / 4; at < end; at++, into++) to[into] = from[at]
}
