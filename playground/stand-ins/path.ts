/** In place of node:path, as far as names of given files need it. */
export function extname(path: string): string {
  return /(?<=[^/])\.[^./]*$/.exec(path)?.[0] ?? ''
}

export function resolve(path: string): string {
  return path
}
