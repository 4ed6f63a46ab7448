import { describeValue } from '../core/describe-value.ts'

/** Checks SQL text that a caller passed to `method`. SQLite would read it only up to the first NUL. */
export function sqlText(sql: unknown, method: string): string {
  if (typeof sql !== 'string') {
    throw new TypeError(`${method}() takes SQL text, got ${describeValue(sql)}`)
  }
  const nul = sql.indexOf('\0')
  if (nul >= 0) {
    throw new TypeError(
      `${method}() takes SQL text without NUL characters, and character ${nul} is one: SQLite would stop reading there. Bind text that holds NUL as a parameter`,
    )
  }
  return sql
}

/** Checks a name from a caller: of a schema, a function, a module. */
export function nameText(name: unknown, what: string): string {
  if (typeof name === 'string' && name !== '' && !name.includes('\0')) return name
  throw new TypeError(
    `${what} must be text without NUL characters, not ${name === '' ? 'empty text' : describeValue(name)}`,
  )
}
