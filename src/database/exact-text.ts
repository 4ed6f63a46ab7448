/** Text and names in quotes, comments, and the parameters of SQL. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?\*\/|\?(\d*)/g

/** How the parameters of a statement are written, by their numbers from 1; some drivers take `?1` for a name. */
export function parametersOf(sql: string): { readonly named: number[]; readonly plain: number[] } {
  const named = new Set<number>()
  const plain: number[] = []
  let most = 0
  for (const [, digits] of sql.matchAll(TOKEN)) {
    if (digits === undefined) continue
    if (digits === '') plain.push(++most)
    else {
      named.add(Number(digits))
      most = Math.max(most, Number(digits))
    }
  }
  return { named: [...named], plain }
}

/**
 * For drivers that bind text as a string, which holds no bytes that are not UTF-8: the statement with parameters of these
 * numbers given as a BLOB and taken as text.
 */
export function castToText(sql: string, numbers: ReadonlySet<number>): string {
  let most = 0
  return sql.replace(TOKEN, (token: string, digits: string | undefined) => {
    if (digits === undefined) return token
    const number = digits === '' ? most + 1 : Number(digits)
    most = Math.max(most, number)
    return numbers.has(number) ? `CAST(${token} AS TEXT)` : token
  })
}

/**
 * For drivers that read text as a string: the query that gives the bytes of one column, from the row of that number on, and
 * then all columns, so that SQLite reads the rows in the order in which the statement itself gives them.
 */
export function readAsBlob(sql: string, columns: number, column: number, row: number): string {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`)
  return `WITH r(${names.join(', ')}) AS MATERIALIZED (${sql})
    SELECT CAST(c${column} AS BLOB), ${names.join(', ')} FROM r LIMIT -1 OFFSET ${row}`
}
