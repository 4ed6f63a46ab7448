/**
 * What console.log, the REPL and assertions print of an object: one line, instead of everything that it holds on to. For
 * the public classes that hold on to the engine; called in a static block of the class.
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
