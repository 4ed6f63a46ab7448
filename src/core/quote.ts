/** An SQL identifier in double quotes, safe for any name in SQLite and PostgreSQL. */
export function doubleQuoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
