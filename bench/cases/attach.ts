import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { attach, type SqliteHandle, type Vectors } from '../../src/entries/attach.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { onAllCores } from '../cores.ts'
import { queryOf, rowOf, type DataSet } from '../data/sets.ts'
import { interleave, type Contender, type Times } from '../measure.ts'
import { openSqliteVec, type NativeDatabase } from '../peers/native.ts'
import { Oracle } from '../peers/oracle.ts'
import { milliseconds, type Finding } from '../report.ts'
import { NEAREST, PEER_NEAREST } from './nearest.ts'
import { spread } from './search.ts'
import { freshFile, loadOurs, warmUp } from './tables.ts'

export interface AttachCaseOptions {
  readonly rounds: number
  /** Queries whose answers are compared with brute force. */
  readonly checked: number
}

/** How often the index is built on either side, each time from another copy of the file: the first search builds it. */
const BUILDS = 3

/** A copy of the file, open in one driver. */
interface Copy {
  search(query: Float32Array): unknown[]
  close(): void
}

interface NativeCopy extends Copy {
  readonly db: NativeDatabase
}

/** The case in a process of its own, on all cores. */
export function attachOnAllCores(
  seed: number,
  { rounds, checked }: AttachCaseOptions,
): readonly Finding[] {
  const script = fileURLToPath(new URL('attach-process.js', import.meta.url))
  const [command, args] = onAllCores([script, String(seed), String(rounds), String(checked)])
  const output = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(output.toString()) as Finding[]
}

/** The same table searched through better-sqlite3 and through our engine, with sqlite-vec in the native handle. */
export async function attachCase(
  set: DataSet,
  { rounds, checked }: AttachCaseOptions,
): Promise<Finding[]> {
  await warmUp(set)
  const { db, path } = await loadOurs(set, 'attach.sqlite')
  db.close()
  const native = nativeCopy(copyOf(path, 'native-0'))
  if (!native) {
    const missing = { ours: 'not here', peer: '', ratio: '', floor: '1.2x', met: undefined }
    return [{ what: 'search through attach(better-sqlite3) over our engine', ...missing }]
  }
  const natives = [native]
  const engines: Copy[] = []
  for (let i = 1; i < BUILDS; i++) natives.push(nativeCopy(copyOf(path, `native-${i}`))!)
  for (let i = 0; i < BUILDS; i++) engines.push(await engineCopy(copyOf(path, `engine-${i}`)))
  const built = builds(set, natives, engines)
  for (const copy of [...natives.slice(1), ...engines.slice(1)]) copy.close()
  const [engine] = engines
  // Threads begin to help when the program returns to its event loop, as applications do.
  for (const copy of [native, engine]) copy.search(queryOf(set, 0))
  await sleep(500)
  const findings = [
    ...searches(set, native, engine, rounds),
    afterInsert(set, native, rounds),
    built,
    answers(set, path, checked),
  ]
  for (const copy of [native, engine]) copy.close()
  return findings
}

function copyOf(path: string, name: string): string {
  const copy = freshFile(`attach-${name}.sqlite`)
  copyFileSync(path, copy)
  return copy
}

/** Undefined where better-sqlite3 or sqlite-vec is not installed. */
function nativeCopy(path: string): NativeCopy | undefined {
  const db = openSqliteVec(path)
  if (!db) return undefined
  const vectors = attach(db as unknown as SqliteHandle, { table: 'v' })
  return {
    db,
    search: vector => nearest(vectors, vector),
    close: () => {
      vectors.close()
      db.close()
    },
  }
}

function nearest(vectors: Vectors, vector: Float32Array): unknown[] {
  return vectors.search({ dataset: 'd', vector, k: 10 })
}

async function engineCopy(path: string): Promise<Copy> {
  const db: Connection = await open(path)
  const statement = db.prepare(NEAREST)
  return { search: vector => statement.all(vector), close: () => db.close() }
}

/** Every first search builds an index from the table. */
function builds(set: DataSet, natives: readonly Copy[], engines: readonly Copy[]): Finding {
  const first = (copies: readonly Copy[]): ((i: number) => void) => {
    return i => copies[i].search(queryOf(set, i))
  }
  const times = interleave(
    [
      { name: 'attach', perRound: 1, run: first(natives) },
      { name: 'engine', perRound: 1, run: first(engines) },
    ],
    BUILDS,
  )
  return over({
    what: `first search through attach(better-sqlite3), the index built from the table: over our engine`,
    own: times.get('attach')!,
    base: times.get('engine')!,
    name: 'our engine',
    floor: 2,
  })
}

function searches(set: DataSet, native: NativeCopy, engine: Copy, rounds: number): Finding[] {
  fillPeer(set, native.db)
  const peer = native.db.prepare(PEER_NEAREST.replace('FROM v', 'FROM peer')).raw()
  const contenders: Contender[] = [
    { name: 'attach', perRound: 20, run: i => native.search(queryOf(set, i)) },
    { name: 'engine', perRound: 20, run: i => engine.search(queryOf(set, i)) },
    { name: 'sqlite-vec', perRound: 2, run: i => peer.all(queryOf(set, i)) },
  ]
  for (const contender of contenders) contender.run(0)
  const times = interleave(contenders, rounds)
  const own = times.get('attach')!
  const foreign = times.get('sqlite-vec')!
  const faster = foreign.median / own.median
  return [
    over({
      what: `exact top-10 through attach(better-sqlite3), ${set.name}: over our engine through SQL`,
      own,
      base: times.get('engine')!,
      name: 'our engine',
      floor: 1.2,
    }),
    {
      what: 'the same, against sqlite-vec in the same handle',
      ours: milliseconds(own.median),
      peer: `sqlite-vec ${spread(foreign)}`,
      ratio: `${faster.toFixed(1)}x faster`,
      floor: '20x',
      met: faster >= 20,
    },
  ]
}

/** The same vectors in a vec0 table of the same file. */
function fillPeer(set: DataSet, db: NativeDatabase): void {
  db.exec(
    `CREATE VIRTUAL TABLE peer USING vec0(embedding float[${set.dim}] distance_metric=cosine)`,
  )
  const insert = db.prepare('INSERT INTO peer(rowid, embedding) VALUES (?, ?)')
  db.transaction(() => {
    for (let i = 0; i < set.ids.length; i++) insert.run(BigInt(i + 1), rowOf(set, i))
  })()
}

/** A native insert in autocommit and the search after it, without waiting for the disk, which would hide all else. */
function afterInsert(set: DataSet, native: NativeCopy, rounds: number): Finding {
  const { db } = native
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = OFF')
  const insert = db.prepare(
    "INSERT INTO _vec_v(dataset_id, id, embedding) VALUES ('d', 'new ' || ?, ?)",
  )
  let inserted = 0
  const one = (): void => {
    insert.run(inserted, rowOf(set, inserted))
    inserted++
  }
  // The first change after opening also makes the table of ids: a cost of once a process.
  one()
  native.search(queryOf(set, 0))
  const times = interleave(
    [
      { name: 'search', perRound: 10, run: i => native.search(queryOf(set, i)) },
      {
        name: 'both',
        perRound: 10,
        run: i => {
          one()
          native.search(queryOf(set, i))
        },
      },
    ],
    rounds,
  )
  return over({
    what: 'one insert by better-sqlite3 and then one search, fsync aside: over the search alone',
    own: times.get('both')!,
    base: times.get('search')!,
    name: 'the search alone',
    floor: 1.3,
  })
}

/** A copy without the inserted rows, whose index is built again. */
function answers(set: DataSet, path: string, checked: number): Finding {
  const copy = nativeCopy(copyOf(path, 'checked'))!
  const oracle = new Oracle(set)
  let equal = 0
  for (let i = 0; i < checked; i++) {
    const query = Math.floor((i * set.queryCount) / checked)
    const hits = copy.search(queryOf(set, query)) as { id: string }[]
    if (hits.map(({ id }) => id).join('\0') === oracle.nearest(query, 10).join('\0')) equal++
  }
  copy.close()
  return {
    what: 'answers of attach() equal to double-precision brute force, ids in order',
    ours: `${equal} of ${checked}`,
    peer: '',
    ratio: '',
    floor: 'all',
    met: equal === checked,
  }
}

interface Comparison {
  readonly what: string
  readonly own: Times
  readonly base: Times
  /** Of the base. */
  readonly name: string
  readonly floor: number
}

function over({ what, own, base, name, floor }: Comparison): Finding {
  const ratio = own.median / base.median
  return {
    what,
    ours: spread(own),
    peer: `${name} ${spread(base)}`,
    ratio: `${ratio.toFixed(2)}x`,
    floor: `${floor.toFixed(1)}x`,
    met: ratio <= floor,
  }
}
