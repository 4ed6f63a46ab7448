import { type Stats, constants, realpathSync, rmSync, statSync } from 'node:fs'
import { dirname, isAbsolute, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setLargePages } from '../../../accelerators/large-pages.ts'
import { VecError } from '../../../core/errors.ts'
import { shellWord } from '../../../core/shell-word.ts'
import type { OpenOptions } from '../../open-options.ts'
import { SQLITE_CANTOPEN, SQLITE_NOTADB, SQLITE_READONLY_DBMOVED } from '../../result-codes.ts'
import { loadedSqlite, type Sqlite } from '../../wasm/wasm.ts'
import type { Platform } from '../platform.ts'
import { requireFileAccess } from './file-access.ts'
import { lockableOf, newestDatabase } from './lockable-files.ts'
import {
  fileIdentity,
  installNodeVfs,
  lastVfsError,
  lockSupport,
  readHeader,
  readJournalMode,
} from './node-vfs.ts'
import { transparentHugePages } from './transparent-huge-pages.ts'
import { fullPath } from './vfs-paths.ts'

export { readWasm } from './read-wasm.ts'

/** The size that SQLite's memory can grow to. */
const SQLITE_MEMORY = 2 ** 31

/** Files on Node, Bun and Deno, through our VFS. */
export function createPlatform(sqlite: Sqlite): Platform {
  const { name } = installNodeVfs(sqlite)
  const pages = transparentHugePages()
  if (pages) {
    setLargePages(pages)
    pages(sqlite.memory.buffer, SQLITE_MEMORY)
  }
  return {
    vfs: name,
    lockSupport,
    check: checkFile,
    checkOpened: checkHeader,
    explain,
    identify: fileIdentity,
    locate,
    isUnder,
    remove: path => rmSync(pathOf(path), { force: true }),
    readHeader,
  }
}

/** Throws, before SQLite does and with a clearer message, when a file cannot be opened. */
function checkFile(name: string, options: OpenOptions): void {
  const path = pathOf(name)
  const found = statOf(path)
  if (!found) {
    if (options.readonly || options.create === false) {
      throw cannotOpen(
        `${path} does not exist`,
        options.readonly ? 'a readonly database must exist' : 'check the path, or allow create',
      )
    }
    const folder = dirname(path)
    const parent = statSync(folder, { throwIfNoEntry: false })
    if (!parent)
      throw cannotOpen(
        `${path} cannot be created: the folder ${folder} does not exist`,
        'create the folder first',
      )
    if (!parent.isDirectory())
      throw cannotOpen(`${path} cannot be created: ${folder} is not a folder`, 'check the path')
    requireAccess(
      folder,
      constants.W_OK,
      `${path} cannot be created: no permission to write to the folder ${folder}`,
    )
    return
  }
  if (found.isDirectory()) throw folderProblem(path)
  requireAccess(path, constants.R_OK, `${path} cannot be opened: no permission to read it`)
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? ''
    const remedy = UNREACHABLE[errno]
    if (remedy === undefined) {
      const why = errno === '' ? (cause as Error).message : errno
      throw noAccess(`${path} cannot be opened (${why})`, cause)
    }
    throw cannotOpen(`${path} cannot be reached (${errno})`, remedy, cause)
  }
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of the path is a file, but must be a folder',
  ENAMETOOLONG: 'a path can have at most 512 bytes, and a name in it usually 255',
  ELOOP: 'the symbolic links in the path form a loop',
}

/**
 * Refuses files that SQLite opens and then fails on. The file is open, so reading its header opens and closes no
 * descriptor.
 */
function checkHeader(name: string, options: OpenOptions): void {
  const path = pathOf(name)
  let problem: VecError | undefined
  try {
    problem = headerProblem(
      path,
      options.exclusive === true || /[?&]immutable=1/.test(name) || sharesWal(),
    )
  } catch (cause) {
    throw noAccess(`${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause)
  }
  if (problem && !hasJournal(path)) throw problem
}

/**
 * Whether a transaction may be unfinished. SQLite then restores the first page from the journal before it reads the
 * page, and refuses the file itself if that does not help.
 */
function hasJournal(path: string): boolean {
  const journal = statSync(`${realpathSync(path)}-journal`, { throwIfNoEntry: false })
  return journal !== undefined && journal.size > 0
}

function pathOf(name: string): string {
  if (!name.startsWith('file:')) return resolve(name)
  const bare = name.replace(/[?#].*$/, '')
  if (bare.includes('%00'))
    throw new TypeError(`a file: URI must not encode NUL, but ${JSON.stringify(name)} has %00`)
  if (bare.startsWith('file:///')) return fileURLToPath(bare)
  return resolve(decodeURIComponent(bare.slice('file:'.length)))
}

function locate(name: string, beside: string): string | undefined {
  const path = pathOf(name)
  if (isFile(path)) return fullPath(path).path
  const relative = name.replace(/^file:(\/\/)?/, '').replace(/[?#].*$/, '')
  if (beside === '' || isAbsolute(relative)) return undefined
  const sibling = resolve(dirname(beside), relative)
  return isFile(sibling) ? fullPath(sibling).path : undefined
}

function isUnder(path: string, root: string): boolean {
  const { path: top } = fullPath(root)
  return path === top || path.startsWith(top.endsWith(sep) ? top : top + sep)
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function requireAccess(path: string, mode: number, message: string): void {
  try {
    requireFileAccess(path, mode)
  } catch (cause) {
    throw noAccess(message, cause)
  }
}

function noAccess(message: string, cause: unknown): VecError {
  const hint = 'change its owner or mode'
  return new VecError('SQLITE_CANTOPEN', message, { hint, cause, extendedCode: SQLITE_CANTOPEN })
}

function cannotOpen(message: string, hint: string, cause?: unknown): VecError {
  return new VecError('SQLITE_CANTOPEN', `cannot open database: ${message}: ${hint}`, {
    hint,
    extendedCode: SQLITE_CANTOPEN,
    ...(cause === undefined ? {} : { cause }),
  })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

const folderProblem = (path: string): VecError =>
  cannotOpen(`${path} is a directory, not a database file`, 'pass the path of a file')

/** The problem that the first bytes of a file show, if any. */
function headerProblem(path: string, walAllowed: boolean): VecError | undefined {
  if (isFolder(path)) return folderProblem(path)
  const mode = readJournalMode(path)
  if (mode === 'not-a-database') {
    return new VecError(
      'SQLITE_NOTADB',
      `${path} is not a SQLite database: its header is not that of SQLite; check the path`,
      {
        hint: 'check the path; an encrypted file must be decrypted first',
        extendedCode: SQLITE_NOTADB,
      },
    )
  }
  return mode === 'wal' && !walAllowed ? walProblem(path) : undefined
}

/** Whether this process can share a WAL: only with the locks that native programs see. */
function sharesWal(): boolean {
  return installNodeVfs(loadedSqlite()).locks === 'ofd'
}

function walProblem(path: string): VecError {
  const hint = `npm install koffi (on Linux), or convert it while no program uses it (sqlite3 ${shellWord(path)} 'PRAGMA journal_mode=DELETE'), or open it with { exclusive: true } for exclusive use`
  return new VecError(
    'SQLITE_CANTOPEN',
    `${path} is in WAL mode, which this process cannot share: ${hint}`,
    { hint, extendedCode: SQLITE_CANTOPEN },
  )
}

/**
 * Explains a failure. A file may have changed to WAL, or moved, since it was opened, and an attached file was never
 * checked.
 */
function explain(failure: VecError, files: readonly string[]): VecError | undefined {
  // The error of ATTACH usually names its file. If it does not, SQLite has just opened and closed the file.
  const attached = /^unable to open database: (.+)$/s.exec(failure.message)?.[1]
  const paths = (attached === undefined ? files : [attached]).flatMap(realPath)
  if (failure.code === 'SQLITE_CANTOPEN' || failure.code === 'SQLITE_NOTADB') {
    const newest = newestDatabase()
    if (newest !== undefined && lockableOf(newest) === undefined) paths.unshift(...realPath(newest))
    for (const path of paths) {
      const problem = readableHeaderProblem(path)
      if (problem) return problem
    }
  }
  if (failure.extendedCode === SQLITE_READONLY_DBMOVED) {
    const named = moved(failure, paths)
    if (named) return named
  }
  const known = lastVfsError(failure.extendedCode)
  if (!known) return undefined
  // SQLite gives no extended code for its own I/O errors. The newest VFS error is the cause, also for a temporary or
  // attached file.
  const isIoError = failure.code === 'SQLITE_IOERR' && failure.extendedCode > 255
  if (!isIoError && !paths.some(path => known.path.startsWith(path))) return undefined
  const hint = known.hint ?? HINTS[known.errno] ?? failure.hint
  const what = known.message.includes(known.path)
    ? known.message
    : `${known.path}: ${known.message}`
  return new VecError(failure.code, `${failure.message}: ${what}`, {
    extendedCode: failure.extendedCode,
    ...(hint === undefined ? {} : { hint }),
  })
}

const HARDWARE =
  'the disk or its connection fails: check the system log, and copy the file to another disk'
const HINTS: Readonly<Record<string, string>> = { EIO: HARDWARE, ENXIO: HARDWARE }

/** The name by which SQLite knows the file. Empty for databases in memory and names that cannot be read. */
function realPath(name: string): string[] {
  if (name === '') return []
  try {
    return [fullPath(pathOf(name)).path]
  } catch {
    return []
  }
}

/** SQLite reports "attempt to write a readonly database" for a file that has moved. */
function moved(failure: VecError, paths: readonly string[]): VecError | undefined {
  const path = paths.find(each => lockableOf(each) === undefined)
  if (path === undefined) return undefined
  const what = isFile(path)
    ? `another file is now at ${path}: the file that this connection has open was moved or deleted`
    : `${path} was moved or deleted while this connection has it open`
  const hint = 'close this connection, and open the file where it is now'
  return new VecError(failure.code, `${what}; it can still be read, but not written: ${hint}`, {
    extendedCode: failure.extendedCode,
    hint,
  })
}

function readableHeaderProblem(path: string): VecError | undefined {
  try {
    return headerProblem(path, sharesWal())
  } catch {
    // SQLite reports a file that cannot be read.
    return undefined
  }
}
