/** Matches text and names in quotes, comments, and the parameters of SQL. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?\*\/|\?(\d*)/g

/** The forms of a statement's parameters, by their numbers from 1. Some drivers take `?1` for a name. */
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
 * For drivers that bind text as a string, which cannot hold bytes that are not UTF-8: the statement with these
 * parameters bound as BLOBs and cast to text.
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
 * For drivers that read text as a string: a query for the bytes of one column from the given row on. It also selects
 * all columns, so that SQLite reads the rows in the order of the original statement.
 */
export function readAsBlob(sql: string, columns: number, column: number, row: number): string {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`)
  return `WITH r(${names.join(', ')}) AS MATERIALIZED (${sql})
    SELECT CAST(c${column} AS BLOB), ${names.join(', ')} FROM r LIMIT -1 OFFSET ${row}`
}
