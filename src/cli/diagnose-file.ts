import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { counted } from '../core/counted.ts'
import { shellWord } from '../core/shell-word.ts'
import { lockSupport, readDatabaseHeader } from '../entries/engine.ts'
import type { Connection } from '../entries/main.ts'
import { inspect } from '../entries/vecadmin.ts'
import { byteText } from './byte-text.ts'
import { failureOf } from './cli-error.ts'
import { isWritable } from './database.ts'
import type { Diagnosis } from './diagnose-program.ts'

/** If the free space is less than this share of the file, a rebuild or VACUUM may not fit. */
const SPACE_SHARE = 0.5

/** The findings about a file. `opened` opens it for reading. */
export async function diagnoseFile(
  path: string,
  opened: () => Promise<Connection>,
): Promise<Diagnosis[]> {
  if (!existsSync(path)) {
    return [
      {
        severity: 'error',
        topic: 'file',
        message: `${path} does not exist`,
        advice: `create it: svec init ${shellWord(path)}`,
      },
    ]
  }
  const found = [access(path), ...(await journalMode(path)), ...leftovers(path), space(path)]
  return [...found, ...(await contents(path, opened))]
}

function access(path: string): Diagnosis {
  const size = byteText(statSync(path).size)
  const folder = dirname(resolve(path))
  if (!isWritable(path)) {
    const advice = `to allow writes: chmod u+w ${shellWord(path)}`
    return {
      severity: 'info',
      topic: 'file',
      message: `${path}, ${size}, read-only`,
      advice,
    }
  }
  if (!isWritable(folder)) {
    return {
      severity: 'warning',
      topic: 'file',
      message: `${path} is writable, but its folder is not, and SQLite keeps its journal there`,
      advice: `chmod u+w ${shellWord(folder)}`,
    }
  }
  return { severity: 'ok', topic: 'file', message: `${path}, ${size}, writable` }
}

async function journalMode(path: string): Promise<Diagnosis[]> {
  const header = await readDatabaseHeader(path)
  if (typeof header === 'string') return []
  if (header.journalMode !== 'wal') {
    return [{ severity: 'ok', topic: 'journal mode', message: 'rollback journal' }]
  }
  if ((await lockSupport()).kind === 'ofd')
    return [{ severity: 'ok', topic: 'journal mode', message: 'WAL, shared with other programs' }]
  return [
    {
      severity: 'warning',
      topic: 'journal mode',
      message: 'WAL: without koffi, only one program can use the file, with --exclusive',
      advice: `while no program uses it: sqlite3 ${shellWord(path)} 'PRAGMA journal_mode=DELETE'`,
    },
  ]
}

/** Files that a killed program leaves, and what they mean. */
function leftovers(path: string): Diagnosis[] {
  const found: Diagnosis[] = []
  if (existsSync(`${path}-journal`) && statSync(`${path}-journal`).size > 0) {
    found.push({
      severity: 'info',
      topic: 'journal',
      message: `${path}-journal exists: a program is writing, or was killed while writing`,
      advice:
        'never delete it: the next program that opens the file rolls back the unfinished transaction',
    })
  }
  if (existsSync(`${path}-lock`)) {
    found.push({
      severity: 'info',
      topic: 'lock',
      message: `${path}-lock exists: a program without koffi is using the file, or was killed`,
      advice: `if that program ran on another machine and has certainly ended: rm -r ${shellWord(`${path}-lock`)}`,
    })
  }
  return found
}

function space(path: string): Diagnosis {
  const { bavail, bsize } = statfsSync(dirname(resolve(path)))
  const free = bavail * bsize
  const message = `${byteText(free)} free`
  if (free >= statSync(path).size * SPACE_SHARE) return { severity: 'ok', topic: 'space', message }
  const advice = 'a large write needs space for its journal: free some disk space'
  return { severity: 'warning', topic: 'space', message, advice }
}

async function contents(path: string, opened: () => Promise<Connection>): Promise<Diagnosis[]> {
  let db: Connection | undefined
  try {
    db = await opened()
    const { tables, pages, freePages } = inspect(db, { counts: false, check: false })
    const names = tables.map(({ name }) => name).join(', ')
    const found: Diagnosis[] = [
      tables.length === 0
        ? {
            severity: 'info',
            topic: 'tables',
            message: 'no vec table',
            advice: `create one: svec init ${shellWord(path)}`,
          }
        : {
            severity: 'ok',
            topic: 'tables',
            message: `${names}; svec check ${shellWord(path)} checks them`,
          },
    ]
    if (freePages > pages / 4 && freePages > 1000) {
      found.push({
        severity: 'info',
        topic: 'pages',
        message: `${counted(freePages, 'page')} of ${pages} are unused`,
        advice: `to return them to the disk: sqlite3 ${shellWord(path)} VACUUM`,
      })
    }
    return found
  } catch (error) {
    const { message, hint } = failureOf(error)
    return [
      {
        severity: 'error',
        topic: 'open',
        message,
        ...(hint === undefined ? {} : { advice: hint }),
      },
    ]
  } finally {
    db?.close()
  }
}
