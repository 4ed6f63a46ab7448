import { accessSync, constants } from 'node:fs'
import { open, type Connection } from '../main.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'

/** Options of every command that opens a file. */
export const DATABASE_OPTIONS: CommandOptions = {
  'busy-timeout': {
    type: 'string',
    value: 'ms',
    description: 'how long to wait for another program that holds the file (5000)',
  },
  exclusive: {
    type: 'boolean',
    description: 'use the file alone; without koffi the only way to use one in WAL mode',
  },
}

export interface FileOptions {
  /** Make the file when it is not there. */
  readonly create?: boolean
  readonly readonly?: boolean
}

/** Opens a database file, runs `task`, and closes it whatever happens. */
export async function withDatabase<R>(
  context: Context,
  path: string,
  options: FileOptions,
  task: (db: Connection) => R | Promise<R>,
): Promise<R> {
  const busyTimeout = context.flags.integer('busy-timeout', 0, 0x7fffffff)
  const exclusive = context.flags.on('exclusive')
  const db = await open(path, {
    create: options.create === true,
    // Keeping a file for oneself takes a lock that only a writer can have.
    readonly: options.readonly === true && !exclusive,
    exclusive,
    ...(busyTimeout === undefined ? {} : { busyTimeout }),
  })
  try {
    return await task(db)
  } finally {
    db.close()
  }
}

/** Whether the file may be written; reading alone is then still possible. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
