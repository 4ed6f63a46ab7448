import type { Connection, Metric } from '../entries/main.ts'

const NAMES: Readonly<Record<string, Metric>> = {
  cosine: 'cosine',
  cos: 'cosine',
  euclidean: 'euclidean',
  l2: 'euclidean',
  dot: 'dot',
  ip: 'dot',
  inner_product: 'dot',
}

/** The metric that the declaration of a vec table names; cosine where it names none. */
export function vecMetric(db: Connection, table: string): Metric {
  const statement = db.prepare('SELECT sql FROM main.sqlite_schema WHERE name = ?').pluck()
  const sql = (statement.get(table) as string | undefined) ?? ''
  statement.finalize()
  const found = /[,(]\s*(?:metric|cover_distance)\s*=\s*['"]?(\w+)/i.exec(sql)
  return (found && NAMES[found[1].toLowerCase()]) ?? 'cosine'
}
