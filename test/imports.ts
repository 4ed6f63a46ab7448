import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** One file that imports another of this repository, both relative to its root. */
export interface Import {
  readonly from: string
  readonly to: string
}

/** The TypeScript files under a folder, without those that a script writes. */
export function sources(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true })
    .map(name => join(folder, String(name)).replaceAll('\\', '/'))
    .filter(name => name.endsWith('.ts') && !name.endsWith('.wasm.ts'))
    .toSorted()
}

/** Every relative import and re-export of a file, of types as well. */
export function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const lines = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
  )
  return Array.from(lines, found => found[1] ?? found[2] ?? found[3])
    .filter(path => path.startsWith('.'))
    .map(path => ({
      from: file,
      to: normalize(join(dirname(file), path)).replaceAll('\\', '/'),
    }))
}
