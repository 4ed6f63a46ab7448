import fs, { existsSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

export type Patch = Partial<Record<keyof typeof fs, unknown>>

/** Runs `body` while functions of node:fs are others. */
export function withFs(patch: Patch, body: () => void): void {
  const saved = Object.fromEntries(Object.keys(patch).map(key => [key, fs[key as keyof typeof fs]]))
  Object.assign(fs, patch)
  syncBuiltinESMExports()
  try {
    body()
  } finally {
    Object.assign(fs, saved)
    syncBuiltinESMExports()
  }
}

/** The reason to skip a test that replaces functions of node:fs: in Bun and Deno, imports keep the old ones. */
export function noPatches(): string | false {
  let seen = false
  withFs({ existsSync: () => (seen = true) }, () => existsSync('/'))
  return seen ? false : 'this runtime does not let the functions of node:fs be replaced'
}
