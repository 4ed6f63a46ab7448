/** Whether a value is an object literal, of this realm or of another one, or an object without a prototype. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value) as object | null
  // A plain object of another realm has another root prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
