import type { Connection } from './connection.ts'

/**
 * The files that a `dbpath` in a schema may name, beside the database itself and the attached ones: a folder or a
 * file, several of them, or a function that returns true for an allowed path. The function receives absolute paths
 * with all symbolic links resolved.
 */
export type AllowDbpath = string | readonly string[] | ((path: string) => boolean)

const rules = new WeakMap<Connection, AllowDbpath>()

/** Throws TypeError unless `given` is a valid `allowDbpath` of `open()`. */
export function checkAllowDbpath(given: unknown): asserts given is AllowDbpath | undefined {
  if (given === undefined || typeof given === 'function') return
  const roots: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (roots.every(root => typeof root === 'string' && root !== '')) return
  throw new TypeError(
    'open(): allowDbpath must be a folder or file, an array of them, or a function that takes a path and returns true or false',
  )
}

export function setAllowDbpath(db: Connection, rule: AllowDbpath | undefined): void {
  if (rule !== undefined) rules.set(db, rule)
}

/** The `allowDbpath` that a connection was opened with, for connections that it opens in turn. */
export function allowDbpathOf(db: Connection): AllowDbpath | undefined {
  return rules.get(db)
}

/** Whether the application lets schemas name this file. `path` comes from `Connection.locate`. */
export function isAllowedFile(db: Connection, path: string): boolean {
  const rule = rules.get(db)
  if (rule === undefined) return false
  if (typeof rule === 'function') {
    const answer: unknown = rule(path)
    return answer === true
  }
  const roots = typeof rule === 'string' ? [rule] : rule
  return roots.some(root => db.isUnder(path, root))
}
