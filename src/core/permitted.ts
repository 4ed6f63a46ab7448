/**
 * What `ask` returns; undefined if the runtime forbids the question. Deno throws for everything that needs a permission
 * which was not given.
 */
export function permitted<R>(ask: () => R): R | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}
