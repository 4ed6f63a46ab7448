import { connect, type AsyncDatabase } from '../../src/entries/worker.ts'

export const COUNT_FOREVER =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'

/** Runs a task with a database in memory that has one table. */
export async function inMemory(task: (db: AsyncDatabase) => Promise<void>): Promise<void> {
  await using db = await connect(':memory:')
  await db.exec('CREATE TABLE t(x PRIMARY KEY, y)')
  await task(db)
}

export const count = async (db: AsyncDatabase): Promise<number | undefined> =>
  db.get<number>('SELECT count(*) FROM t', [], { rows: 'values' })
