import DropIn from '../../src/entries/better-sqlite3.ts'
import { interleave, type Contender } from '../measure.ts'
import { openNative, type NativeDatabase } from '../peers/native.ts'
import { milliseconds, type Finding } from '../report.ts'
import { freshFile } from './tables.ts'

const ROWS = 20_000
const PAYLOAD = Buffer.from(Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)).buffer)

/** One piece of ordinary work on a table that has `ROWS` rows; it leaves the table as it was. */
interface Work {
  readonly what: string
  prepare(db: NativeDatabase): () => void
}

const WORKS: readonly Work[] = [
  {
    what: 'insert of 5,000 rows of a number and two texts, one statement each, in a transaction',
    prepare: db => {
      db.exec('CREATE TABLE short(id INTEGER PRIMARY KEY, name TEXT, note TEXT)')
      const insert = db.prepare('INSERT INTO short(name, note) VALUES (?, ?)')
      const clear = db.prepare('DELETE FROM short')
      return db.transaction(() => {
        clear.run()
        for (let i = 0; i < 5000; i++) insert.run(`name ${i}`, 'a note of some thirty characters')
      })
    },
  },
  {
    what: 'insert of 5,000 rows by named parameters, two numbers, a text and 256 bytes',
    prepare: db => {
      db.exec('CREATE TABLE mixed(id INTEGER PRIMARY KEY, a INTEGER, b REAL, c TEXT, d BLOB)')
      const insert = db.prepare('INSERT INTO mixed(a, b, c, d) VALUES (@a, @b, @c, @d)')
      const clear = db.prepare('DELETE FROM mixed')
      return db.transaction(() => {
        clear.run()
        for (let i = 0; i < 5000; i++) insert.run({ a: i, b: i / 7, c: `text ${i}`, d: PAYLOAD })
      })
    },
  },
  {
    what: '5,000 look-ups of a row by key in a transaction, as objects',
    prepare: db => {
      const get = db.prepare('SELECT id, name, score, note FROM item WHERE id = ?')
      return db.transaction(() => {
        for (let i = 0; i < 5000; i++) get.get(1 + ((i * 7919) % ROWS))
      })
    },
  },
  {
    what: 'all() of 20,000 rows of four columns, as objects',
    prepare: db => {
      const all = db.prepare('SELECT id, name, score, note FROM item')
      return () => all.all()
    },
  },
  {
    what: 'iterate() over 20,000 rows of four columns, as objects',
    prepare: db => {
      const rows = db.prepare('SELECT id, name, score, note FROM item')
      return () => {
        let sum = 0
        for (const row of rows.iterate()) sum += (row as { score: number }).score
        if (!(sum > 0)) throw new Error('iterate() gave no rows')
      }
    },
  },
]

/** What plain SQL costs on the drop-in, over the native module: no vectors are in it. */
export function dropInCase(rounds: number): Finding[] {
  const native = openNative(freshFile('drop-in-native.sqlite'))
  if (native === undefined) {
    const missing = { ours: 'not here', peer: '', ratio: '', floor: '1.2x', met: undefined }
    return [{ what: 'plain SQL over better-sqlite3', ...missing }]
  }
  const ours = new DropIn(freshFile('drop-in.sqlite')) as unknown as NativeDatabase
  for (const db of [ours, native]) fill(db)
  const findings = WORKS.map(work => {
    const contenders: Contender[] = [
      { name: 'ours', db: ours },
      { name: 'native', db: native },
    ].map(({ name, db }) => ({ name, perRound: 5, run: work.prepare(db) }))
    interleave(contenders, 4)
    const times = interleave(contenders, rounds)
    const [a, b] = [times.get('ours')!, times.get('native')!]
    const ratio = a.median / b.median
    return {
      what: `${work.what}: over better-sqlite3`,
      ours: milliseconds(a.median),
      peer: milliseconds(b.median),
      ratio: `${ratio.toFixed(2)}x`,
      floor: '1.2x',
      met: ratio <= 1.2,
    }
  })
  for (const db of [ours, native]) db.close()
  return findings
}

function fill(db: NativeDatabase): void {
  db.exec('CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, score REAL, note TEXT)')
  const insert = db.prepare('INSERT INTO item(name, score, note) VALUES (?, ?, ?)')
  db.transaction(() => {
    for (let i = 0; i < ROWS; i++) {
      insert.run(`name ${i}`, i / 3, i % 5 === 0 ? null : `a note of row ${i}`)
    }
  })()
}
