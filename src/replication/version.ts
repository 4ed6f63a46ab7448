/** Negative when a comes before b. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < b.length; i++) {
    const difference = (a[i] ?? 0) - b[i]
    if (difference !== 0) return difference
  }
  return 0
}
