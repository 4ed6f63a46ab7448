import { existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Backup, type BackupProgress } from '../sqlite/backup.ts'
import { openConnection } from '../sqlite/load-engine.ts'
import type { ConnectionState } from './connection-state.ts'
import { asSqliteError, closed } from './sqlite-error.ts'

export interface BackupMetadata {
  totalPages: number
  remainingPages: number
}

export interface BackupOptions {
  attached?: string | undefined
  /**
   * Called after the first step, which copies no page, and between the others. A returned number is the number of pages
   * of the next step.
   */
  progress?: ((info: BackupMetadata) => number | void) | undefined
}

const DEFAULT_PAGES = 100

/** Copies the database into a file: one step for each turn of the event loop. */
export async function backup(
  state: ConnectionState,
  given: unknown,
  options: unknown,
): Promise<BackupMetadata> {
  const { attached, progress } = checked(options ?? {})
  if (typeof given !== 'string') throw new TypeError('Expected first argument to be a string')
  const path = given.trim()
  if (path === '') throw new TypeError('Backup filename cannot be an empty string')
  if (path === ':memory:') throw new TypeError('Invalid backup filename ":memory:"')
  await access(dirname(path)).catch(() => {
    throw new TypeError('Cannot save backup because the directory does not exist')
  })
  const isNew = !existsSync(path)
  state.requireIdle()
  const source = state.connection
  const { target, running } = begin(state, attached, path)
  try {
    let pages: number | undefined
    for (;;) {
      await nextTurn()
      if (!source.open) throw closed()
      const now = running.step(pages ?? 0)
      if (now === undefined) {
        await running.wait()
        continue
      }
      if (running.done) return now
      pages = asked(progress?.(now), pages ?? DEFAULT_PAGES)
    }
  } catch (error) {
    throw asSqliteError(error)
  } finally {
    running.finish()
    target.close()
    if (!running.done && isNew) target.removeFile()
  }
}

function begin(state: ConnectionState, schema: string, path: string) {
  try {
    const target = openConnection(path, { busyTimeout: 0 })
    try {
      return { target, running: new Backup(state.connection, schema, target) }
    } catch (error) {
      target.close()
      throw error
    }
  } catch (error) {
    throw asSqliteError(error)
  }
}

function checked(options: unknown): {
  readonly attached: string
  readonly progress: ((this: void, info: BackupProgress) => unknown) | undefined
} {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('Expected second argument to be an options object')
  }
  const { attached = 'main', progress } = options as Record<string, unknown>
  if (typeof attached !== 'string') {
    throw new TypeError('Expected the "attached" option to be a string')
  }
  if (attached === '') throw new TypeError('The "attached" option cannot be an empty string')
  if (progress !== undefined && progress !== null && typeof progress !== 'function') {
    throw new TypeError('Expected the "progress" option to be a function')
  }
  return {
    attached,
    progress: (progress ?? undefined) as ((info: BackupProgress) => unknown) | undefined,
  }
}

function asked(answer: unknown, before: number): number {
  if (answer === undefined) return before
  if (typeof answer === 'number' && !Number.isNaN(answer)) {
    return Math.max(0, Math.min(0x7fffffff, Math.round(answer)))
  }
  throw new TypeError('Expected progress callback to return a number or undefined')
}
