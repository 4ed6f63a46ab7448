/** Describes a value for an error message: `a Promise`, `an array of 3 values`, `a Uint8Array of 7 bytes`. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)}`
    case 'bigint':
      return `the bigint ${value}n`
    case 'function':
    case 'symbol':
      return `a ${typeof value}`
    case 'object':
      return value === null ? 'null' : describeObject(value)
    default:
      return String(value)
  }
}

function describeObject(value: object): string {
  if (isThenable(value)) return 'a Promise'
  if (Array.isArray(value)) {
    return value.length === 0 ? 'an empty array' : `an array of ${counted(value.length, 'value')}`
  }
  const type = typedArrayName(value)
  if (type === 'Uint8Array')
    return `a Uint8Array of ${counted((value as Uint8Array).length, 'byte')}`
  if (type) return `${article(type)} of ${counted((value as Uint8Array).length, 'number')}`
  const { constructor } = value as { constructor?: unknown }
  const name = typeof constructor === 'function' ? constructor.name : ''
  return name === '' || name === 'Object' ? 'an object' : article(name)
}

export function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

const typeTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)!

/**
 * `Float32Array`, `Uint8Array`, ...; undefined for other values. Unlike `instanceof`, it recognizes subclasses (a
 * Buffer is a Uint8Array) and arrays of another realm, such as those of a test runner's sandbox.
 */
export function typedArrayName(value: unknown): string | undefined {
  return typeTag.get!.call(value) as string | undefined
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

function article(name: string): string {
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}
