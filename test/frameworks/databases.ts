import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { connect, type AsyncCollection, type AsyncDatabase } from '../../src/entries/worker.ts'

// What a store takes as its database. Every suite of a store runs over each of them.

export type TestedDatabase = Connection | AsyncDatabase

export interface Opened {
  readonly name: string
  /** An empty database. What was opened before is closed or emptied. */
  readonly fresh: () => Promise<TestedDatabase>
}

let client: Promise<AsyncDatabase> | undefined
let readers: Promise<AsyncDatabase> | undefined
let folder: string | undefined
let last: Connection | undefined

after(async () => {
  last?.close()
  await (await client)?.close()
  await (await readers)?.close()
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

async function emptied(db: AsyncDatabase): Promise<AsyncDatabase> {
  const empty = await open(':memory:')
  await db.import(empty.serialize())
  empty.close()
  return db
}

export const DATABASES: readonly Opened[] = [
  {
    name: 'open()',
    fresh: async () => {
      last?.close()
      last = await open(':memory:')
      return last
    },
  },
  {
    name: 'connect()',
    fresh: async () => {
      client ??= connect(':memory:')
      return emptied(await client)
    },
  },
  {
    name: 'connect() with readers',
    fresh: async () => {
      folder ??= mkdtempSync(join(tmpdir(), 'frameworks-'))
      readers ??= connect(join(folder, 'docs.sqlite'), { threads: 2 })
      // No test of this folder loses power.
      await (await readers).exec('PRAGMA synchronous = OFF')
      return emptied(await readers)
    },
  },
]

/** The collection of a store. Results of a synchronous one can be awaited, too. */
export function collectionOf(store: { readonly collection: unknown }): AsyncCollection {
  return store.collection as AsyncCollection
}

/** The number of tables of a name. */
export async function countTables(db: TestedDatabase, name: string): Promise<number> {
  const sql = 'SELECT count(*) FROM sqlite_schema WHERE name = ?'
  if ('prepare' in db) return db.prepare(sql).pluck().get(name) as number
  return (await db.get<number>(sql, [name], { rows: 'values' }))!
}
