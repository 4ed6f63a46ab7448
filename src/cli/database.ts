import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { withFileName } from '../core/file-error.ts'
import { shellWord } from '../core/shell-word.ts'
import { open, VecError, type Connection } from '../entries/main.ts'
import { vecTableNames } from '../entries/vec.ts'
import { CliError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'
import { describe } from './vec-tables.ts'

/** Options of every command that opens a file. */
export const DATABASE_OPTIONS: CommandOptions = {
  'busy-timeout': {
    type: 'string',
    value: 'ms',
    description: 'how long to wait for another program that holds the file (5000)',
  },
  exclusive: {
    type: 'boolean',
    description: 'use the file exclusively; without koffi, the only way to use WAL mode',
  },
  'allow-dbpath': {
    type: 'string',
    value: 'folder',
    description: 'allow tables whose documents are in other files of this folder',
  },
}

export interface FileOptions {
  /** Creates the file if it does not exist. */
  readonly create?: boolean
  readonly readonly?: boolean
  /** A file that the command itself passes as dbpath. */
  readonly dbpath?: string | undefined
}

/** Opens a database file, runs `task`, and closes the file in any case. */
export async function withDatabase<R>(
  context: Context,
  path: string,
  options: FileOptions,
  task: (db: Connection) => R | Promise<R>,
): Promise<R> {
  let db: Connection | undefined
  try {
    db = await openFile(context, path, options)
    return await task(db)
  } catch (error) {
    const several = context.flags.has('dbpath') || (db !== undefined && namesOtherFiles(db))
    throw several ? error : withFileName(error, path)
  } finally {
    db?.close()
  }
}

/** Opens a database file with the options of the command. */
export async function openFile(
  { flags }: Context,
  path: string,
  { create = false, readonly = false, dbpath }: FileOptions,
): Promise<Connection> {
  const busyTimeout = flags.integer('busy-timeout', 0, 0x7fffffff)
  const exclusive = flags.on('exclusive')
  if (!create) requireFile(path)
  return openDatabase(path, {
    create,
    // Exclusive use of a file takes a lock that only a writer can have.
    readonly: readonly && !exclusive,
    exclusive,
    allowDbpath: allowedFiles(path, flags.text('allow-dbpath'), dbpath),
    ...(busyTimeout === undefined ? {} : { busyTimeout }),
  })
}

/**
 * Reports at once that the file is not a database. A later error could concern another file, such as the source of an
 * import.
 */
async function openDatabase(
  path: string,
  options: Parameters<typeof open>[1],
): Promise<Connection> {
  let db: Connection | undefined
  try {
    db = await open(path, options)
    db.pragma('schema_version')
    return db
  } catch (error) {
    db?.close()
    if (!(error instanceof VecError && error.code === 'SQLITE_NOTADB')) throw error
    throw new CliError('CLI_FILE', `${path} is not a SQLite database`, {
      hint: 'name the SQLite file first: svec import docs.sqlite words.csv; svec init docs.sqlite creates one',
      cause: error,
    })
  }
}

/** Whether a vec table stores its documents in another file, which an error may concern. */
function namesOtherFiles(db: Connection): boolean {
  try {
    return vecTableNames(db).some(name => describe(db, name).dbpath !== undefined)
  } catch {
    return false
  }
}

function requireFile(path: string): void {
  const named = /^file:|^:memory:$/.test(path)
  if (named || existsSync(path)) return
  throw new CliError('CLI_FILE', `${path} does not exist`, {
    hint: `check the path, or create it: svec init ${shellWord(path)}`,
  })
}

/** The files that tables of `database` may name: those of a folder, and the one file that the command received. */
function allowedFiles(
  database: string,
  folder: string | undefined,
  file: string | undefined,
): string[] {
  const named = file === undefined ? [] : [resolve(file), resolve(dirname(database), file)]
  return [...(folder === undefined ? [] : [folder]), ...named]
}

/** Whether the file may be written. If not, it may still be readable. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
