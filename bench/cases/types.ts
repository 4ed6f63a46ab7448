import { statSync } from 'node:fs'
import { open, type Connection } from '../../src/entries/main.ts'
import { queryOf, rowOf, type DataSet } from '../data/sets.ts'
import { interleave, type Contender } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'
import { NEAREST } from './nearest.ts'
import { spread } from './search.ts'
import { freshFile } from './tables.ts'

const CHECKED = 50

interface Stored {
  readonly type: string
  readonly db: Connection
  readonly bytes: number
}

/** The same rows stored as float32, float16 and int8: the size of the file, the time of a search, and the rows that it finds. */
export async function typesCase(set: DataSet, rounds: number): Promise<Finding[]> {
  let range = 0
  for (const value of set.rows) range = Math.max(range, Math.abs(value))
  const stored: Stored[] = []
  for (const type of ['f32', 'f16', 'int8']) {
    const path = freshFile(`types-${type}.sqlite`)
    const db = await open(path)
    const options = type === 'int8' ? `type=int8, int8_range=${range}` : `type=${type}`
    db.exec(`CREATE VIRTUAL TABLE v USING vec(doc_id, ${options})`)
    const insert = db.prepare("INSERT INTO v(dataset_id, doc_id, embedding) VALUES ('d', ?, ?)")
    db.transaction(() => {
      for (const [i, id] of set.ids.entries()) insert.run(id, rowOf(set, i))
    })()
    // Before the index is saved in it.
    stored.push({ type, db, bytes: statSync(path).size })
  }
  const contenders = stored.map(({ type, db }): Contender => {
    const nearest = db.prepare(NEAREST)
    nearest.all(queryOf(set, 0))
    return { name: type, perRound: 20, run: i => nearest.all(queryOf(set, i)) }
  })
  const times = interleave(contenders, rounds)
  const [full] = stored
  const ids = ({ db }: Stored, i: number): string[] =>
    db.prepare(NEAREST).pluck().all(queryOf(set, i)) as string[]
  const best = Array.from({ length: CHECKED }, (_, i) => new Set(ids(full, i)))
  const findings = stored.slice(1).map((each): Finding => {
    const own = times.get(each.type)!
    const whole = times.get(full.type)!
    let same = 0
    for (const [i, wanted] of best.entries())
      same += ids(each, i).filter(id => wanted.has(id)).length
    const found = (same / (10 * CHECKED)).toFixed(3)
    const megabytes = [each, full].map(({ bytes }) => `${(bytes / 1e6).toFixed(0)} MB`)
    return {
      what: `type=${each.type}, ${set.name}: file without an index, exact top 10; ${found} of the rows that float32 finds`,
      ours: `${megabytes[0]}; ${spread(own)}`,
      peer: `float32 ${megabytes[1]}; ${milliseconds(whole.median)}`,
      ratio: `${(each.bytes / full.bytes).toFixed(2)}x; ${(own.median / whole.median).toFixed(2)}x`,
      floor: '',
      met: undefined,
    }
  })
  for (const { type, db } of stored) {
    db.close()
    freshFile(`types-${type}.sqlite`)
  }
  return findings
}
