import { describeValue, isThenable } from './describe-value.ts'
import { isPlainObject } from './plain-object.ts'

/**
 * The error for an argument of the wrong type: `embedText(): text is a Promise: expected a string; did you forget
 * `await`?`. `where` names the function, `name` the argument, `expected` what it takes.
 */
export function argumentError(
  where: string,
  name: string,
  value: unknown,
  expected: string,
): TypeError {
  const remedy = isThenable(value) ? '; did you forget `await`?' : ''
  return new TypeError(
    `${where}: ${name} is ${describeValue(value)}: expected ${expected}${remedy}`,
  )
}

/** Throws unless the value is an object with named members, and neither an array nor a Promise. */
export function requireObject(
  where: string,
  name: string,
  value: unknown,
  expected: string,
): asserts value is object {
  const isObject = typeof value === 'object' && value !== null
  if (isObject && !Array.isArray(value) && !isThenable(value)) return
  throw argumentError(where, name, value, expected)
}

/**
 * Throws unless the value is a plain object. A Map, a Set or an instance of another class would otherwise count as an
 * object without any members.
 */
export function requirePlainObject(
  where: string,
  name: string,
  value: unknown,
  expected: string,
): asserts value is object {
  if (!isPlainObject(value)) throw argumentError(where, name, value, expected)
}
