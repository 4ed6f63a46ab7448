/**
 * The path 'a.b' as $."a"."b", and '' as $, the whole. SQLite reads a quoted name in a path as a JSON string.
 */
export function jsonPath(path: string): string {
  if (path === '') return '$'
  return `$${path
    .split('.')
    .map(name => `.${JSON.stringify(name)}`)
    .join('')}`
}
