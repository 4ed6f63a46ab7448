/** A name for SQL, in quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
