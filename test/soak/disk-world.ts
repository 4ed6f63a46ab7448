import { createHash } from 'node:crypto'
import type { Connection, OpenOptions } from '../../src/entries/main.ts'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import type { Dice } from '../dice.ts'
import { bruteForce, searched } from '../freshness/oracle.ts'

/** The shape of the two datasets of a world. */
export interface Size {
  readonly name: 'small' | 'large'
  readonly pageSize: number
  /** Rows and numbers of a vector of dataset a. Dataset b has as many rows of two numbers. */
  readonly rows: number
  readonly dim: number
}

export const SMALL: Size = { name: 'small', pageSize: 1024, rows: 20, dim: 4 }
/** More than 1 MiB of floats: they stay in the table, and their index is saved in the file. */
export const LARGE: Size = { name: 'large', pageSize: 8192, rows: 70, dim: 4000 }

/** 'wal' shares its files; 'wal-exclusive' keeps them for one connection. */
export const JOURNAL_MODES = [
  'delete',
  'truncate',
  'persist',
  'memory',
  'wal',
  'wal-exclusive',
] as const
export type JournalMode = (typeof JOURNAL_MODES)[number]

/** The modes that this process has: sharing a WAL takes byte-range locks. */
export function journalModes(): JournalMode[] {
  const { kind } = lockSupport()
  return JOURNAL_MODES.filter(mode => mode !== 'wal' || kind === 'ofd')
}

/** How a file in a journal mode is opened. */
export function openOptions(mode: JournalMode): OpenOptions {
  return mode === 'wal-exclusive' ? { exclusive: true } : {}
}

/** Whether two connections can have a file open at a time. */
export function isShared(mode: JournalMode): boolean {
  return mode !== 'wal-exclusive'
}

export function journalPragma(mode: JournalMode, schema: string): string {
  return `PRAGMA ${schema}.journal_mode = ${mode === 'wal-exclusive' ? 'wal' : mode}`
}

const SCHEMA = `
  CREATE VIRTUAL TABLE docs USING vec(doc_id, index=brute);
  CREATE TABLE notes(id INTEGER PRIMARY KEY, body);
  CREATE TABLE tally(n INTEGER PRIMARY KEY);`

/** What a file holds, in an order of its own: every row that was written on purpose. */
const CONTENTS: readonly string[] = [
  'SELECT n FROM tally ORDER BY n',
  'SELECT dataset_id, id, archived, embedding FROM _vec_docs ORDER BY dataset_id, id',
  'SELECT id, body FROM notes ORDER BY id',
]

/** Makes and fills the tables of a new file. */
export function fillWorld(db: Connection, size: Size, dice: Dice): void {
  db.exec(`PRAGMA page_size = ${size.pageSize}`)
  db.exec(SCHEMA)
  const insert = db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
  db.transaction(() => {
    for (let n = 0; n < size.rows; n++) {
      insert.run('a', `r${n}`, vectorOf(size.dim, dice))
      insert.run('b', `r${n}`, vectorOf(2, dice))
    }
    db.exec('INSERT INTO tally VALUES (0)')
  })()
  insert.finalize()
}

/** Coarse numbers, so that scores tie. */
export function vectorOf(dim: number, dice: Dice): Float32Array {
  const turn = dice.next()
  return Float32Array.from({ length: dim }, (_, n) =>
    n < 6 ? Math.round(dice.next() * 4 - 2) / 2 : ((n * turn) % 1) - 0.5,
  )
}

/** One text for all that `rows` gives for CONTENTS: equal texts, equal files. */
export function digestOf(rows: (sql: string) => unknown[][]): string {
  const hash = createHash('sha1')
  for (const sql of CONTENTS) {
    for (const row of rows(sql)) {
      for (const value of row)
        hash.update(value instanceof Uint8Array ? value : `${typeof value} ${String(value)};`)
    }
    hash.update('|')
  }
  return hash.digest('hex')
}

/** Rows of a connection of ours, with their tables in `schema`. */
export function ownRows(db: Connection, schema = 'main'): (sql: string) => unknown[][] {
  return sql => {
    const statement = db.prepare(sql.replace(' FROM ', ` FROM ${schema}.`)).raw()
    try {
      return statement.all() as unknown[][]
    } finally {
      statement.finalize()
    }
  }
}

/**
 * Compares searches with brute force on the same connection: text that says what is wrong, undefined when all is right.
 * `found` gets the answers. Throws what a search or a SELECT throws.
 */
export function wrongAnswer(
  db: Connection,
  size: Size,
  dice: Dice,
  { schema = 'main', found = [] }: { schema?: string; found?: string[] } = {},
): string | undefined {
  for (const [dataset, dim] of [
    ['a', size.dim],
    ['b', 2],
  ] as const) {
    const query = vectorOf(dim, dice)
    const question = { schema, table: 'docs', dataset, query, metric: 'cosine' } as const
    const expected = bruteForce(db, question).found
    // The second search takes other ways than the first.
    for (const limit of [3, undefined, 3]) {
      const answer = searched(db, { ...question, limit })
      const text = JSON.stringify(answer)
      const right = JSON.stringify(expected.slice(0, limit))
      found.push(text)
      if (text !== right)
        return `dataset ${dataset} of ${schema}, limit ${limit}: ${text.slice(0, 600)}, expected ${right.slice(0, 600)}`
    }
  }
  return undefined
}
