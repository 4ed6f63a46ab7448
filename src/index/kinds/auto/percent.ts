/** A share in words. */
export function percent(share: number): string {
  return `${(share * 100).toPrecision(2)} %`
}
