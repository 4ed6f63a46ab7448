import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Tools {
  readonly VERSIONS: Readonly<Record<string, string>>
  /** A folder whose node_modules holds these packages. */
  installed(...names: readonly string[]): string
}

/** scripts/runtimes.mjs, which TypeScript does not build. */
export const tools: Tools = (await import(
  pathToFileURL(resolve('scripts/runtimes.mjs')).href
)) as Tools
