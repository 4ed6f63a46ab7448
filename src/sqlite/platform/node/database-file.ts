import { fstatSync, statSync } from 'node:fs'
import type { FileIdentity } from '../../vfs/file-locks.ts'

/** `dev:ino` of a file, equal for all of its names and links; undefined when the file does not exist. */
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
