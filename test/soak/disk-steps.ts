import type { Connection } from '../../src/entries/main.ts'
import type { Dice } from '../dice.ts'
import { type Size, vectorOf, wrongAnswer } from './disk-world.ts'

/** What a step works on. */
export interface Stage {
  readonly size: Size
  readonly dice: Dice
  /** What the searches of the step found, one after the other. */
  readonly answers: string[]
  /** Name of a second file, to attach. */
  readonly otherPath: string
  /** Pragmas that a connection needs for a file. */
  configure(db: Connection, schema: string): void
  /** The connection; `reopen` puts another one in its place. */
  db: Connection
  /** Runs `change` in a transaction that also counts itself in `tally`, in every file in `schemas`. */
  commit(change: (db: Connection) => void, schemas?: readonly string[]): void
  /** A second connection to the same file; undefined where the first one keeps it for itself. */
  second(): Promise<Connection | undefined>
  /** Closes the connection, which saves indexes, and opens the file again. */
  reopen(): Promise<void>
}

export interface Step {
  readonly name: string
  /** Only where indexes are saved. */
  readonly large?: boolean
  /** It touches a second file. */
  readonly attaches?: boolean
  run(stage: Stage): Promise<void> | void
}

/** A wrong answer of a search, which no error excuses. */
export class WrongAnswer extends Error {}

function search({ db, size, dice, answers }: Stage, schema = 'main'): void {
  const problem = wrongAnswer(db, size, dice, { schema, found: answers })
  if (problem !== undefined) throw new WrongAnswer(problem)
}

function put(
  db: Connection,
  schema: string,
  rows: readonly [string, string, Float32Array][],
): void {
  const statement = db.prepare(
    `INSERT OR REPLACE INTO ${schema}._vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)`,
  )
  try {
    for (const row of rows) statement.run(...row)
  } finally {
    statement.finalize()
  }
}

function someRows({ size, dice }: Stage, count: number): [string, string, Float32Array][] {
  return Array.from({ length: count }, () => {
    const isA = dice.chance(0.5)
    const id = `r${dice.below(size.rows + 10)}`
    return [isA ? 'a' : 'b', id, vectorOf(isA ? size.dim : 2, dice)]
  })
}

function notes(db: Connection, dice: Dice, count: number, bytes: number): void {
  const statement = db.prepare('INSERT OR REPLACE INTO notes(id, body) VALUES (?, ?)')
  try {
    for (let n = 0; n < count; n++) {
      const body = String.fromCharCode(97 + dice.below(26)).repeat(1 + dice.below(bytes))
      statement.run(1 + dice.below(60), body)
    }
  } finally {
    statement.finalize()
  }
}

/** Everything that writes to a disk, or reads much from it, each step on its own. */
export const STEPS: readonly Step[] = [
  { name: 'search', run: search },
  {
    name: 'load',
    run: stage => {
      stage.commit(db => put(db, 'main', someRows(stage, 6)))
      stage.commit(db => put(db, 'main', someRows(stage, 1)))
      search(stage)
    },
  },
  {
    name: 'change',
    run: stage => {
      search(stage)
      stage.commit(db => db.exec("UPDATE _vec_docs SET archived = 1 - archived WHERE id LIKE '%3'"))
      stage.commit(db => db.exec("DELETE FROM _vec_docs WHERE id LIKE '%7'"))
      search(stage)
    },
  },
  {
    name: 'spill',
    run: stage => {
      // With few pages in memory, pages are written before the commit.
      stage.db.exec('PRAGMA cache_size = 6')
      stage.commit(db => {
        notes(db, stage.dice, 40, 3000)
        put(db, 'main', someRows(stage, 3))
      })
      stage.db.exec('PRAGMA cache_size = -4000')
      search(stage)
    },
  },
  {
    name: 'roll back',
    run: stage => {
      const { db, dice } = stage
      db.exec('PRAGMA cache_size = 6; BEGIN')
      notes(db, dice, 30, 3000)
      put(db, 'main', someRows(stage, 2))
      search(stage)
      db.exec('ROLLBACK')
      search(stage)
      stage.commit(inner => {
        inner.exec('SAVEPOINT inside')
        notes(inner, dice, 10, 3000)
        put(inner, 'main', someRows(stage, 2))
        inner.exec('ROLLBACK TO inside; RELEASE inside')
        notes(inner, dice, 2, 100)
        // A statement that fails half-way undoes what it did with a journal of its own.
        inner.exec('INSERT OR IGNORE INTO notes(id, body) SELECT id + 1, body FROM notes')
      })
      db.exec('PRAGMA cache_size = -4000')
      search(stage)
    },
  },
  {
    name: 'apply the journal',
    run: async stage => {
      search(stage)
      const other = (await stage.second()) ?? stage.db
      const own = stage.db
      try {
        stage.db = other
        stage.commit(db => put(db, 'main', someRows(stage, 4)))
      } finally {
        stage.db = own
        if (other !== own) other.close()
      }
      search(stage)
    },
  },
  {
    name: 'save',
    large: true,
    run: async stage => {
      search(stage)
      stage.commit(db => put(db, 'main', someRows(stage, 3)))
      search(stage)
      await stage.reopen()
      search(stage)
      stage.db.exec("INSERT INTO docs(docs) VALUES ('optimize')")
      search(stage)
    },
  },
  {
    name: 'prune',
    large: true,
    run: stage => {
      for (let n = 0; n < 6; n++)
        stage.commit(db => {
          for (let m = 0; m < 4; m++)
            db.exec("UPDATE _vec_docs SET archived = 1 - archived WHERE dataset_id = 'b'")
        })
      search(stage)
      stage.db.exec("INSERT INTO docs(docs) VALUES ('optimize')")
      search(stage)
    },
  },
  {
    name: 'vacuum',
    run: stage => {
      stage.commit(db => db.exec('DELETE FROM notes WHERE id % 2 = 0'))
      stage.db.exec('VACUUM')
      search(stage)
    },
  },
  {
    name: 'attach',
    attaches: true,
    run: stage => {
      const { db } = stage
      const attach = db.prepare('ATTACH ? AS other')
      try {
        attach.run(stage.otherPath)
      } finally {
        attach.finalize()
      }
      stage.configure(db, 'other')
      search(stage, 'other')
      stage.commit(() => {
        put(db, 'main', someRows(stage, 2))
        put(db, 'other', someRows(stage, 2))
      }, ['main', 'other'])
      search(stage, 'other')
      search(stage)
      db.exec('DETACH other')
    },
  },
  {
    name: 'schema',
    run: stage => {
      const { db } = stage
      db.exec('CREATE VIRTUAL TABLE more USING vec(doc_id)')
      db.exec(
        'INSERT INTO _vec_more(dataset_id, id, embedding) SELECT dataset_id, id, embedding FROM _vec_docs',
      )
      db.exec('DROP TABLE more')
      search(stage)
    },
  },
  {
    name: 'checkpoint',
    run: stage => {
      stage.commit(db => notes(db, stage.dice, 4, 500))
      stage.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      stage.commit(db => notes(db, stage.dice, 2, 500))
      search(stage)
    },
  },
]
