import { createRequire } from 'node:module'

/** A class of databases that a package has. */
export type DriverClass<Handle> = new (
  path: string,
  options?: object,
) => Handle & { close(): unknown }

/** The class of a driver: what a package exports, or a member of that; undefined where it cannot be loaded. */
export function loadDriver<Handle>(name: string, member?: string): DriverClass<Handle> | undefined {
  try {
    const loaded = createRequire(import.meta.url)(name) as Record<string, DriverClass<Handle>>
    const driver =
      member === undefined ? (loaded as unknown as DriverClass<Handle>) : loaded[member]
    new driver(':memory:').close()
    return driver
  } catch {
    return undefined
  }
}
