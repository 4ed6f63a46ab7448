import { accessSync } from 'node:fs'
import { errnoOf } from '../../vfs/vfs-errors.ts'

/**
 * Throws the error of node:fs if the system forbids this access. Does nothing if the runtime forbids the question, as
 * Deno does without the permission `sys`: opening the file then tells.
 */
export function requireFileAccess(path: string, mode: number): void {
  try {
    accessSync(path, mode)
  } catch (error) {
    if (errnoOf(error) !== '') throw error
  }
}
