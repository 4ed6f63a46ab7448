import { fstatSync, statSync } from 'node:fs'
import type { FileIdentity } from '../../vfs/file-locks.ts'

/** `dev:ino` of a file, the same for every name and link it has; undefined when there is no such file. */
export function fileIdentity(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}

export function identityOf(
  fd: number,
): FileIdentity & { readonly isFile: boolean; readonly isDirectory: boolean } {
  const found = fstatSync(fd, { bigint: true })
  return {
    dev: found.dev,
    ino: found.ino,
    isFile: found.isFile(),
    isDirectory: found.isDirectory(),
  }
}
