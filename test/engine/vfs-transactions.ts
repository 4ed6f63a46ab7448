/** The table that random transactions work on. */
export const schema: string =
  'CREATE TABLE IF NOT EXISTS tx(n INTEGER PRIMARY KEY, rows INTEGER);' +
  'CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, n INTEGER, body BLOB);' +
  'CREATE INDEX IF NOT EXISTS item_n ON item(n)'

/** Gives the violated rule, or 'ok': every transaction is there with all of its rows or not at all. */
export const auditSql: string =
  "SELECT coalesce((SELECT 'transaction ' || tx.n || ' lost rows' FROM tx WHERE rows <> " +
  "(SELECT count(*) FROM item WHERE item.n = tx.n) LIMIT 1), (SELECT 'stray row ' || id FROM item " +
  "WHERE n NOT IN (SELECT n FROM tx) LIMIT 1), 'ok')"

/** Statements of transaction number `n`: it adds rows, removes an older transaction's, and rewrites bodies. */
export function randomTransaction(random: () => number, n: number): string {
  const rows = 1 + Math.floor(random() * 30)
  const bytes = Math.floor(random() ** 3 * 5000)
  const old = Math.floor(random() * n)
  const statements = [`INSERT INTO tx VALUES(${n}, ${rows})`]
  for (let i = 0; i < rows; i++)
    statements.push(`INSERT INTO item(n, body) VALUES(${n}, randomblob(${bytes}))`)
  if (random() < 0.4)
    statements.push(`DELETE FROM tx WHERE n = ${old}`, `DELETE FROM item WHERE n = ${old}`)
  if (random() < 0.6)
    statements.push(`UPDATE item SET body = randomblob(length(body)) WHERE n = ${old}`)
  return statements.join(';')
}
