/** Text and names in quotes, comments, and the parameters of SQL. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?\*\/|\?(\d*)/g

/** Whether parameters are numbered, as `?1`, which some drivers take for names. */
export function hasNumberedParameters(sql: string): boolean {
  return Array.from(sql.matchAll(TOKEN), token => token[1]).some(number => number)
}

/**
 * For drivers that bind text as a string, which holds no bytes that are not UTF-8: the statement with parameters of these
 * numbers given as a BLOB and taken as text.
 */
export function castToText(sql: string, numbers: ReadonlySet<number>): string {
  let last = 0
  return sql.replace(TOKEN, (token: string, digits: string | undefined) => {
    if (digits === undefined) return token
    last = digits === '' ? last + 1 : Number(digits)
    return numbers.has(last) ? `CAST(${token} AS TEXT)` : token
  })
}

/**
 * For drivers that read text as a string: the query that gives the bytes of one column in one row, by its number, and then
 * all columns, so that SQLite reads the rows in the order in which the statement itself gives them.
 */
export function readAsBlob(sql: string, columns: number, column: number, row: number): string {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`)
  return `WITH r(${names.join(', ')}) AS MATERIALIZED (${sql})
    SELECT CAST(c${column} AS BLOB), ${names.join(', ')} FROM r LIMIT 1 OFFSET ${row}`
}
