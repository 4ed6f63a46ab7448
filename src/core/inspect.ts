/**
 * Sets what console.log, the REPL and assertions print for an object: one line, instead of all objects that it
 * references. For public classes that reference the engine; called in a static block of the class.
 */
export function inspectAs<T extends object>(
  type: { readonly prototype: T },
  line: (object: T) => string,
): void {
  Object.defineProperty(type.prototype, Symbol.for('nodejs.util.inspect.custom'), {
    value(this: T) {
      return line(this)
    },
  })
}
