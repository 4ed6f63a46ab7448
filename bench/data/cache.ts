import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cwd, env } from 'node:process'

/** What was made from big packages, so that it is made once: `.cache` of the repository, or SVEC_CACHE. */
export function cachePath(name: string): string {
  return join(env['SVEC_CACHE'] ?? join(cwd(), '.cache'), name)
}

/** A cached file's bytes; undefined when it was not made yet. */
export function readCache(name: string): Buffer | undefined {
  try {
    return readFileSync(cachePath(name))
  } catch {
    return undefined
  }
}

/** Written under another name first: an interrupted run leaves no half file. */
export function writeCache(name: string, bytes: Uint8Array | string): void {
  const path = cachePath(name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.part`, bytes)
  renameSync(`${path}.part`, path)
}
