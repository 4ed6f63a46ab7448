import { join } from 'node:path'
import type Database from '../../src/entries/better-sqlite3.ts'

type Class = typeof Database

/** A program over one of the two classes, in a folder of its own; its result is compared. */
export type Program = (db: Database.Database, D: Class, folder: string) => unknown

const TABLE =
  'CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, score REAL NOT NULL DEFAULT 1 CHECK (score >= 0), data BLOB);' +
  "INSERT INTO t(name, score, data) VALUES ('a', 1, x'01ff'), ('b', 2.5, NULL), ('c', 3, x'')"

const withTable =
  (program: Program): Program =>
  (db, D, folder) => {
    db.exec(TABLE)
    return program(db, D, folder)
  }

/** The same written once runs on both: what it returns or throws must be the same. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  'numbers bind as doubles': db =>
    db.prepare('SELECT typeof(?), ?/2, typeof(?)').raw().get(3, 3, 3n),
  'undefined is NULL': db => db.prepare('SELECT ?, typeof(?)').raw().get(undefined, undefined),
  'NaN is NULL, infinity and minus zero stay': db =>
    db.prepare('SELECT ?, ?, ?, ?').raw().get(NaN, Infinity, -Infinity, -0),
  'integers beyond 2^53 are rounded': db =>
    db.prepare('SELECT 9007199254740993, -9223372036854775807').raw().get(),
  'safe integers are exact': db =>
    db.prepare('SELECT 9007199254740993, 1, 1.5').raw().safeIntegers().get(),
  'a bigint beyond 64 bits is refused': db => db.prepare('SELECT ?').get(2n ** 63n),
  'a boolean is refused': db => db.prepare('SELECT ?').get(true),
  'a Date is refused': db => db.prepare('SELECT ?').get(new Date(0)),
  'typed arrays bind as their bytes': db =>
    db
      .prepare('SELECT ?, ?, ?')
      .raw()
      .get(new Float32Array([1, 2]), new Uint16Array([1, 2]), new DataView(new ArrayBuffer(3), 1)),
  'an ArrayBuffer is refused': db => db.prepare('SELECT ?').get(new ArrayBuffer(2)),
  'blobs are Buffers': db => {
    const blob = db.prepare("SELECT x'0102ff'").pluck().get() as Buffer
    return [Buffer.isBuffer(blob), blob.toString('hex'), blob.readUInt8(2)]
  },
  'mixed parameters': db =>
    db.prepare('SELECT ?, @b, $c, ?, :d, ?').raw().get([1, 'x'], { b: 2, c: 3, d: 4 }, 5),
  'a named parameter that comes twice': db => db.prepare('SELECT @a || @a').pluck().get({ a: 'x' }),
  'numbered parameters are named': db =>
    db.prepare('SELECT ?2, ?1').raw().get({ 1: 'one', 2: 'two' }),
  'numbered parameters take no values in order': db =>
    db.prepare('SELECT ?2, ?1').raw().get('one', 'two'),
  'two objects of names': db => db.prepare('SELECT @a, @b').get({ a: 1 }, { b: 2 }),
  'a name that is missing': db => db.prepare('SELECT @a, @b').get({ a: 1 }),
  'a name that is inherited': db => db.prepare('SELECT @a').get(Object.create({ a: 1 })),
  'names that no parameter has': db => db.prepare('SELECT @a').pluck().get({ a: 1, b: 2 }),
  'too few values': db => db.prepare('SELECT ?, ?').get(1),
  'too many values': db => db.prepare('SELECT ?').get(1, 2),
  'no values for names': db => db.prepare('SELECT @a').get(),
  'values in several arrays': db => db.prepare('SELECT ?, ?, ?').raw().get([1], [undefined, 2]),
  'a row as it is, plucked, raw and expanded': withTable(db => {
    const statement = db.prepare('SELECT t.*, 1 + 1 AS two FROM t ORDER BY id')
    return [
      statement.all(),
      statement.pluck().all(),
      statement.raw().all(),
      statement.expand().all(),
      statement.expand(false).get(),
      statement.raw(true).raw(false).pluck(true).pluck(false).get(),
    ]
  }),
  'columns of the same name': db => db.prepare('SELECT 1 AS x, 2 AS x').get(),
  columns: withTable(db =>
    db.prepare('SELECT id, name AS n, score + 1, count(*) FROM t').columns(),
  ),
  'run of each kind': withTable(db =>
    [
      "INSERT INTO t(name) VALUES ('d'), ('e')",
      'UPDATE t SET score = score + 1 WHERE id < 3',
      'UPDATE t SET score = 9 WHERE id = 99',
      'DELETE FROM t WHERE id = 1',
      'SELECT * FROM t',
      'CREATE TABLE u(x)',
      'DROP TABLE t',
      "INSERT INTO u VALUES ('x') RETURNING x",
      'BEGIN',
      'COMMIT',
      'PRAGMA user_version = 3',
    ].map(sql => db.prepare(sql).run()),
  ),
  'rowids as bigint': withTable(db =>
    db.prepare("INSERT INTO t(name) VALUES ('z')").safeIntegers().run(),
  ),
  'get and all of INSERT ... RETURNING': withTable(db => [
    db.prepare("INSERT INTO t(name) VALUES ('d'), ('e') RETURNING id").get(),
    db.prepare("INSERT INTO t(name) VALUES ('f'), ('g') RETURNING id, name").all(),
    db.prepare('SELECT count(*) FROM t').pluck().get(),
  ]),
  'get of a statement without rows': db => db.prepare('BEGIN').get(),
  'reader and readonly': withTable(db =>
    [
      'SELECT 1',
      'BEGIN',
      'BEGIN IMMEDIATE',
      'DELETE FROM t',
      'DELETE FROM t RETURNING *',
      'PRAGMA user_version',
    ].map(sql => {
      const { reader, readonly, source } = db.prepare(sql)
      return [reader, readonly, source]
    }),
  ),
  'codes of constraints': withTable(db =>
    [
      "INSERT INTO t(name) VALUES ('a')",
      'INSERT INTO t(id) VALUES (1)',
      'INSERT INTO t(score) VALUES (NULL)',
      'INSERT INTO t(score) VALUES (-1)',
    ].map(sql => {
      try {
        return db.prepare(sql).run()
      } catch (error) {
        return (error as { code: string }).code
      }
    }),
  ),
  'foreign keys are enforced': db => {
    db.exec('CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p)')
    db.prepare('INSERT INTO c VALUES (7)').run()
  },
  'SQL that cannot be read': db => db.prepare('SELEC 1'),
  'a table that is not there': db => db.prepare('SELECT * FROM nowhere'),
  'no statement': db => db.prepare(' ; -- nothing'),
  'two statements': db => db.prepare('SELECT 1; SELECT 2'),
  'a statement and its comment': db => db.prepare('SELECT 1; -- one\n /* two */ ').pluck().get(),
  'bound for good': withTable(db => {
    const statement = db
      .prepare('SELECT name FROM t WHERE id = ? AND score > @least')
      .bind(2, { least: 0 })
    return [statement.all(), statement.get()]
  }),
  'bound twice': db => db.prepare('SELECT ?').bind(1).bind(2),
  'bound, and values again': db => db.prepare('SELECT ?').bind(1).get(2),
  pragmas: db => [
    db.pragma('foreign_keys', { simple: true }),
    db.pragma('cache_size'),
    db.pragma('user_version = 5'),
    db.pragma('user_version', { simple: true }),
    db.pragma('table_info(nothing)', { simple: true }),
    db.pragma('page_size', { simple: true }),
  ],
  'a transaction, nested and rolled back': withTable(db => {
    const insert = db.prepare('INSERT INTO t(name) VALUES (?)')
    const add = db.transaction((...names: string[]) => names.map(name => insert.run(name).changes))
    const outer = db.transaction(() => {
      add('d')
      try {
        add('e', 'a')
      } catch (error) {
        return [(error as { code: string }).code, db.inTransaction]
      }
      return []
    })
    return [outer.immediate(), db.prepare('SELECT name FROM t').pluck().all(), db.inTransaction]
  }),
  'a transaction that returns a promise': db => db.transaction(() => Promise.resolve(1))(),
  'a transaction that throws': withTable(db => {
    try {
      db.transaction(() => {
        db.exec('DELETE FROM t')
        throw new Error('no')
      }).exclusive()
    } catch (error) {
      return [(error as Error).message, db.prepare('SELECT count(*) FROM t').pluck().get()]
    }
    return []
  }),
  'what a loop of iterate() blocks': withTable(db => {
    const seen: unknown[] = []
    const attempt = (task: () => unknown): void => {
      try {
        seen.push(typeof task())
      } catch (error) {
        seen.push([(error as Error).constructor.name, (error as Error).message])
      }
    }
    const statement = db.prepare('SELECT id FROM t')
    for (const row of statement.iterate()) {
      seen.push(row, statement.busy)
      attempt(() => db.exec('DELETE FROM t'))
      attempt(() => db.prepare('DELETE FROM t').run())
      attempt(() => statement.get())
      attempt(() => statement.pluck())
      attempt(() => db.prepare('SELECT 1').get())
      attempt(() => db.pragma('user_version'))
      attempt(() => db.close())
      attempt(() => db.function('f', () => 1))
      attempt(() => db.serialize())
      break
    }
    attempt(() => db.exec('DELETE FROM t'))
    return [...seen, statement.busy]
  }),
  'an iterator by hand': withTable(db => {
    const rows = db.prepare('SELECT id FROM t').pluck().iterate()
    return [
      rows.next(),
      rows.next(),
      rows.return?.(),
      rows.next(),
      rows[Symbol.iterator]() === rows,
    ]
  }),
  'what a function of SQL blocks': db => {
    const seen: string[] = []
    db.function('f', () => {
      try {
        db.prepare('SELECT 1')
      } catch (error) {
        seen.push((error as Error).message)
      }
      return 1
    })
    db.prepare('SELECT f()').get()
    return seen
  },
  'functions of SQL': db => {
    db.function('add', (a: number, b: number) => a + b)
    db.function('kind', (x: unknown) => (Buffer.isBuffer(x) ? 'buffer' : typeof x))
    db.function('many', { varargs: true }, (...args: unknown[]) => args.length)
    db.function('big', { safeIntegers: true }, (x: unknown) => typeof x)
    db.function('nothing', () => undefined)
    return db
      .prepare(
        "SELECT add(1, 2), typeof(add(1, 2)), kind(x'00'), kind('a'), kind(1), kind(NULL), many(1, 2, 3), big(1), nothing()",
      )
      .raw()
      .get()
  },
  'a function that throws what is no error': db => {
    db.function('fail', () => {
      throw 'text'
    })
    db.prepare('SELECT fail()').get()
  },
  'a function that returns an object': db => {
    db.function('object', () => ({}))
    db.prepare('SELECT object()').get()
  },
  'a function with another number of arguments': db => {
    db.function('one', (x: unknown) => x)
    db.prepare('SELECT one(1, 2)').get()
  },
  'aggregates and windows': withTable(db => {
    db.aggregate('total', {
      start: 0,
      step: (total: number, x: number) => total + x,
      inverse: (total: number, x: number) => total - x,
      result: (total: number) => Math.round(total * 10),
    })
    return [
      db.prepare('SELECT total(score) FROM t').pluck().get(),
      db.prepare('SELECT total(score) FROM t WHERE 0').pluck().get(),
      db
        .prepare(
          'SELECT total(score) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t',
        )
        .pluck()
        .all(),
    ]
  }),
  'a table of a generator': db => {
    db.table('series', {
      columns: ['n', 'kind'],
      parameters: ['from', 'to'],
      *rows(from: number, to: number) {
        for (let n = from; n <= to; n++) yield n % 2 ? [n, 'odd'] : { kind: 'even', n }
      },
    })
    return [
      db.prepare('SELECT * FROM series(2, 5)').all(),
      db
        .prepare(
          'SELECT n, "from" FROM series WHERE "to" = 3 AND "from" = 1 ORDER BY n DESC LIMIT 2',
        )
        .all(),
      db.prepare('SELECT * FROM series(1, NULL)').all(),
      db.prepare('SELECT a.n, b.n AS m FROM series(1, 2) a, series(a.n, 2) b').all(),
    ]
  },
  'a module of tables': db => {
    db.table('words', function words(this: object, ...args: unknown[]) {
      return {
        columns: ['word'],
        *rows() {
          yield* args.map(arg => [arg])
        },
      }
    })
    db.exec('CREATE VIRTUAL TABLE w USING words(one, two three)')
    return db.prepare('SELECT rowid, word FROM w').all()
  },
  'a table that yields too much': db => {
    db.table('bad', {
      columns: ['x'],
      *rows() {
        yield [1, 2]
      },
    })
    db.prepare('SELECT * FROM bad').all()
  },
  'a parameter of a table that is not compared with =': db => {
    db.table('one', {
      columns: ['x'],
      *rows(n: number) {
        yield [n]
      },
    })
    db.prepare('SELECT * FROM one WHERE "$1" > 1')
  },
  'integers of the whole connection': db => {
    db.defaultSafeIntegers()
    const a = db.prepare('SELECT 1').pluck().get()
    db.defaultSafeIntegers(false)
    return [a, db.prepare('SELECT 1').pluck().get()]
  },
  'serialize and open again': withTable((db, D) => {
    const copy = new D(db.serialize())
    copy.exec('DELETE FROM t WHERE id = 1')
    const rows = copy.prepare('SELECT name FROM t').pluck().all()
    const { name, memory, readonly } = copy
    copy.close()
    return [rows, name, memory, readonly]
  }),
  'facts of a database': (_db, D, folder) => {
    const db = new D(join(folder, 'facts.db'), { timeout: 10 })
    const facts = [
      db.open,
      db.inTransaction,
      db.memory,
      db.readonly,
      db.name === join(folder, 'facts.db'),
    ]
    db.close()
    return [...facts, db.open, Object.keys(db).toSorted()]
  },
  'a file that must exist': (_db, D, folder) =>
    new D(join(folder, 'none.db'), { fileMustExist: true }),
  'a file that is only read': (_db, D, folder) => {
    new D(join(folder, 'read.db')).exec('CREATE TABLE t(x)').close()
    const db = new D(join(folder, 'read.db'), { readonly: true })
    try {
      db.exec('INSERT INTO t VALUES (1)')
    } finally {
      db.close()
    }
  },
  'a folder that is not there': (_db, D, folder) => new D(join(folder, 'no', 'such.db')),
  'options of another type': (_db, D) => new D(':memory:', { readonly: 'yes' as never }),
  'a timeout that is no number': (_db, D) => new D(':memory:', { timeout: '5' as never }),
  'a closed database': db => {
    const statement = db.prepare('SELECT 1')
    db.close()
    const messages: string[] = []
    for (const task of [
      () => statement.get(),
      () => db.exec('SELECT 1'),
      () => db.prepare('SELECT 1'),
    ]) {
      try {
        task()
      } catch (error) {
        messages.push(`${(error as Error).constructor.name}: ${(error as Error).message}`)
      }
    }
    return [messages, db.close() === db, statement.busy]
  },
  'a schema that changes under a statement': withTable(db => {
    const statement = db.prepare('SELECT * FROM t LIMIT 1')
    const before = statement.get()
    db.exec('ALTER TABLE t ADD COLUMN more DEFAULT 7')
    return [before, statement.get(), statement.columns().length]
  }),
  'WAL, with two connections': (_db, D, folder) => {
    const path = join(folder, 'wal.db')
    const [a, b] = [new D(path), new D(path)]
    const mode = a.pragma('journal_mode = WAL', { simple: true })
    a.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)')
    const count = b.prepare('SELECT count(*) FROM t').pluck()
    const before = count.get()
    a.exec('BEGIN; INSERT INTO t VALUES (2)')
    const during = count.get()
    a.exec('COMMIT')
    const result = [mode, before, during, count.get()]
    a.close()
    b.close()
    return result
  },
}
