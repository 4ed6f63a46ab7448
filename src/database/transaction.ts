import { describeValue } from '../core/describe-value.ts'
import type { Database } from './database.ts'

/** The members of a connection that a transaction needs. */
type Transactional = Pick<
  Database,
  'atomically' | 'exec' | 'inTransaction' | 'insideWrite' | 'open'
>

type Begin = 'DEFERRED' | 'IMMEDIATE' | 'EXCLUSIVE'

export interface Transaction<A extends unknown[], R> {
  (...args: A): R
  deferred(...args: A): R
  immediate(...args: A): R
  exclusive(...args: A): R
}

const SAVEPOINT = '"sqlite-vec-ts transaction"'

export function transaction<A extends unknown[], R>(
  db: Transactional,
  fn: (...args: A) => R,
): Transaction<A, R> {
  if (typeof fn !== 'function')
    throw new TypeError(`transaction() takes a function, got ${describeValue(fn)}`)
  const run =
    (begin: Begin) =>
    (...args: A): R =>
      runInTransaction(db, begin, fn, args)
  return Object.assign(run('DEFERRED'), {
    deferred: run('DEFERRED'),
    immediate: run('IMMEDIATE'),
    exclusive: run('EXCLUSIVE'),
  })
}

function runInTransaction<A extends unknown[], R>(
  db: Transactional,
  begin: Begin,
  fn: (...args: A) => R,
  args: A,
): R {
  // That statement is the transaction.
  if (db.insideWrite) return fn(...args)
  if (db.atomically) return db.atomically(() => synchronous(fn(...args)))
  const nested = db.inTransaction
  db.exec(nested ? `SAVEPOINT ${SAVEPOINT}` : `BEGIN ${begin}`)
  try {
    const result = synchronous(fn(...args))
    db.exec(nested ? `RELEASE ${SAVEPOINT}` : 'COMMIT')
    return result
  } catch (error) {
    // SQLite itself rolls back on some errors (disk full, out of memory). Nothing is then left to undo.
    if (db.open && db.inTransaction) {
      db.exec(nested ? `ROLLBACK TO ${SAVEPOINT}; RELEASE ${SAVEPOINT}` : 'ROLLBACK')
    }
    throw error
  }
}

function synchronous<R>(result: R): R {
  if (typeof (result as { then?: unknown } | undefined)?.then !== 'function') return result
  throw new TypeError(
    'transaction() takes a synchronous function: await everything first, then write in one go',
  )
}
