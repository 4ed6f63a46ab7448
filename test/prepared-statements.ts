import { inspect } from 'node:util'
import type { Connection, Statement } from '../src/entries/engine.ts'

/** Every statement that is prepared on a connection from now on. */
export function preparedOn(db: Connection): readonly Statement[] {
  const prepared: Statement[] = []
  const prepare = db.prepare.bind(db)
  db.prepare = sql => {
    const statement = prepare(sql)
    prepared.push(statement)
    return statement
  }
  return prepared
}

export const isOpen = (statement: Statement): boolean => !inspect(statement).endsWith('finalized }')
