import nodeModule from 'node:module'
import { pathToFileURL } from 'node:url'

/** The URL of the file that contains this code, also if a bundler made it a CommonJS module. */
export function thisModule(): string {
  const url = import.meta.url as string | undefined
  return url ?? pathToFileURL(__filename).href
}

/** Loads a package that may be missing. Throws the system's error when it is. */
export function optionalPackage(name: string): unknown {
  return nodeModule.createRequire(thisModule())(name)
}
