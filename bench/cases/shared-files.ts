import { open } from '../../src/entries/main.ts'
import { queryOf, type DataSet } from '../data/sets.ts'
import { summarize, time } from '../measure.ts'
import { openNative } from '../peers/native.ts'
import { milliseconds, type Finding } from '../report.ts'
import { NEAREST } from './nearest.ts'
import { whileWriting } from './processes.ts'
import { freshFile, loadOurs } from './tables.ts'

const FILL = `CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);
  WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 10000)
  INSERT INTO t SELECT x, 'v' || x FROM i`

const ROUNDS = 300

/** What sharing files with native programs costs. */
export async function sharedFilesCase(
  words: DataSet,
  { rounds, core }: { readonly rounds: number; readonly core: number | undefined },
): Promise<Finding[]> {
  return [
    await lookUp('WAL', 1.5),
    await lookUp('DELETE', 1.4),
    await besideNativeWriter(words, core, rounds),
  ]
}

/** A look-up by key in autocommit: locks, and a look whether the file has changed, around almost no work. */
async function lookUp(mode: 'WAL' | 'DELETE', floor: number): Promise<Finding> {
  const what = `look-up by key in autocommit, journal mode ${mode}: over better-sqlite3`
  const ours = await open(freshFile(`look-up-${mode}.sqlite`), { register: false })
  const native = openNative(freshFile(`look-up-${mode}-native.sqlite`))
  const answered = ours.pragma(`journal_mode = ${mode}`, { simple: true })
  if (native === undefined || answered !== mode.toLowerCase()) {
    ours.close()
    return { what, ours: 'not here', peer: '', ratio: '', floor: `${floor}x`, met: undefined }
  }
  native.pragma(`journal_mode = ${mode}`)
  for (const db of [ours, native]) db.exec(FILL)
  const sql = 'SELECT v FROM t WHERE id = ?'
  const statements = [ours.prepare(sql), native.prepare(sql)] as const
  const count = 500
  const measure = (statement: { get(id: number): unknown }, round: number): number =>
    time(() => {
      for (let i = 0; i < count; i++) statement.get(1 + ((i * 7 + round) % 10_000))
    }) / count
  const times: [number, number][] = []
  for (let round = 0; round < ROUNDS; round++)
    times.push([measure(statements[0], round), measure(statements[1], round)])
  for (const db of [ours, native]) db.close()
  // The code is compiled by then, also on a busy machine.
  const warm = times.slice(ROUNDS / 2)
  const ratio = summarize(warm.map(([a, b]) => a / b)).median
  return {
    what,
    ours: milliseconds(summarize(warm.map(([a]) => a)).median),
    peer: milliseconds(summarize(warm.map(([, b]) => b)).median),
    ratio: `${ratio.toFixed(2)}x`,
    floor: `${floor}x`,
    met: ratio <= floor,
  }
}

/** Searches here, while better-sqlite3 in another process commits ten rows fifty times a second, in WAL mode. */
async function besideNativeWriter(
  words: DataSet,
  core: number | undefined,
  rounds: number,
): Promise<Finding> {
  const { db, path } = await loadOurs(words, 'shared.sqlite')
  db.pragma('journal_mode = WAL')
  const nearest = db.prepare(NEAREST).pluck()
  let next = 0
  const search = (): number => time(() => nearest.all(queryOf(words, next++)))
  const measure = (): number[] => Array.from({ length: 40 }, search)
  /** Processor time of a search: the same whatever else the machine does. */
  const effort = (): number => {
    const start = process.cpuUsage()
    measure()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000 / 40
  }
  measure()
  const quiet: number[] = []
  const busy: number[] = []
  const quietEffort: number[] = []
  const busyEffort: number[] = []
  // By turns, as the machine has other work, too.
  for (let round = 0; round < Math.max(3, Math.ceil(rounds / 5)); round++) {
    measure()
    quiet.push(...measure())
    quietEffort.push(effort())
    await whileWriting('native-writer.js', [path, String(words.dim)], core, () => {
      busy.push(...measure())
      busyEffort.push(effort())
    })
  }
  db.close()
  const ratio = summarize(busy).median / summarize(quiet).median
  const more = summarize(busyEffort).median / summarize(quietEffort).median
  return {
    what: 'search while better-sqlite3 writes 500 rows/s in WAL mode: p50 over the quiet one',
    ours: `${milliseconds(summarize(busy).median)}, quiet ${milliseconds(summarize(quiet).median)}; processor time ${more.toFixed(2)}x`,
    peer: '',
    ratio: `${ratio.toFixed(2)}x`,
    floor: '1.1x',
    met: ratio <= 1.1,
  }
}
