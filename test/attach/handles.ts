import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { SqliteHandle } from '../../src/entries/attach.ts'
import { loadEngine, openConnection } from '../../src/entries/engine.ts'
import { register } from '../../src/entries/main.ts'
import { loadDriver } from '../load-driver.ts'

/** A handle of some driver, as far as all are alike. */
export type Handle = SqliteHandle & { exec(sql: string): unknown; close(): unknown }

/** A driver, and how a file is opened in it. */
export interface Driver {
  readonly name: string
  /** Why it cannot run here. */
  readonly skip: string | false
  connect(path: string, options?: { readonly?: boolean }): Handle
}

await loadEngine()

const BetterSqlite3 = loadDriver<Handle>('better-sqlite3')
const Libsql = loadDriver<Handle>('libsql')
const NodeSqlite = loadDriver<Handle>('node:sqlite', 'DatabaseSync')
const BunSqlite = loadDriver<Handle>('bun:sqlite', 'Database')

/** Those that can be had here; a runtime has at most one of its own. */
export const DRIVERS: readonly Driver[] = [
  {
    name: 'our engine',
    skip: false,
    connect(path, { readonly = false } = {}) {
      const db = openConnection(path, { readonly, busyTimeout: 100 })
      register(db)
      return db
    },
  },
  {
    name: 'better-sqlite3',
    skip: BetterSqlite3 ? false : 'better-sqlite3 cannot be loaded',
    connect: (path, { readonly = false } = {}) =>
      new BetterSqlite3!(path, { readonly, timeout: 100 }),
  },
  {
    name: 'libsql',
    skip: Libsql ? false : 'libsql cannot be loaded',
    connect: (path, { readonly = false } = {}) => new Libsql!(path, { readonly, timeout: 100 }),
  },
  ...(NodeSqlite
    ? [
        {
          name: 'node:sqlite',
          skip: false as const,
          connect: (path: string, { readonly = false } = {}) =>
            new NodeSqlite(path, { readOnly: readonly, timeout: 100 }),
        },
      ]
    : []),
  ...(BunSqlite
    ? [
        {
          name: 'bun:sqlite',
          skip: false as const,
          connect: (path: string, { readonly = false } = {}) => {
            const handle = new BunSqlite(path, readonly ? { readonly } : { create: true })
            handle.exec('PRAGMA busy_timeout = 100')
            return handle
          },
        },
      ]
    : []),
]

/** A vector as SQL. */
export function blob(...numbers: number[]): string {
  return `x'${Buffer.from(new Float32Array(numbers).buffer).toString('hex')}'`
}

type Body = (db: Handle, path: string, driver: Driver) => void | Promise<void>

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-handles-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

export function newPath(): string {
  return join(folder, `${files++}.sqlite`)
}

/** The same facts for every driver, each over a file of its own. */
export function inEveryDriver(
  title: string,
  facts: (fact: (name: string, body: Body) => void) => void,
): void {
  for (const driver of DRIVERS) {
    describe(`${title} in ${driver.name}`, () => {
      facts((name, body) => {
        test(name, { skip: driver.skip }, async () => {
          const path = newPath()
          const db = driver.connect(path)
          try {
            await body(db, path, driver)
          } finally {
            db.close()
          }
        })
      })
    })
  }
}
