/** An SQL identifier in double quotes, so that any name is safe: SQLite and PostgreSQL. */
export function doubleQuoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
