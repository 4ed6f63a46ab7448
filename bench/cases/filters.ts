import { insertMany, open, type Connection, type InsertRow } from '../../src/entries/main.ts'
import { seededRandom } from '../data/random.ts'
import { queryOf, rowOf, type DataSet } from '../data/sets.ts'
import { interleave, type Contender, type Times } from '../measure.ts'
import { openSqliteVec, type NativeDatabase } from '../peers/native.ts'
import { Oracle } from '../peers/oracle.ts'
import { milliseconds, type Finding } from '../report.ts'
import { columnMemory, insertCost, listCost } from './filter-costs.ts'
import { spread } from './search.ts'
import { freshFile, warmUp } from './tables.ts'

export interface FilterOptions {
  readonly rounds: number
  readonly seed: number
}

/** Metadata of each row; `year` is the bucket again, and only in the JSON of `meta`. */
export interface Metadata {
  readonly lang: string
  readonly bucket: number
  readonly price: number
  readonly tags: string
}

const BUCKETS = 1000
const HIGHEST_PRICE = 10_000
/** Queries of each form and selectivity that are compared with brute force. */
const CHECKED = 5

/** A share of the rows, and the most that a filtered search may take over the unfiltered one. */
const SELECTIVITIES = [
  { share: 0.001, label: '0.1 %', floor: 1 },
  { share: 0.01, label: '1 %', floor: 1 },
  { share: 0.1, label: '10 %', floor: 1.3 },
  { share: 0.5, label: '50 %', floor: 1.3 },
] as const

type Selectivity = (typeof SELECTIVITIES)[number]

const UNFILTERED = `SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? AND k = 10`

/** One way to write a filter. */
interface Form {
  readonly name: string
  readonly what: string
  readonly perRound: number
  readonly floor: (selectivity: Selectivity) => number
  readonly condition: (selectivity: Selectivity) => string
  /** The parameters of the condition at a query. */
  readonly parameters: (selectivity: Selectivity, i: number) => readonly unknown[]
  readonly passes: (row: Metadata, selectivity: Selectivity, i: number) => boolean
}

const below = ({ share }: Selectivity): number => share * BUCKETS

/** The lower end of a range of prices with that share of the rows: another one for each query. */
const lowest = ({ share }: Selectivity, i: number): number =>
  ((i * 0.618034) % 1) * (1 - share) * HIGHEST_PRICE

const ofBucket = {
  parameters: () => [],
  passes: (row: Metadata, selectivity: Selectivity) => row.bucket < below(selectivity),
}

const FORMS: readonly Form[] = [
  {
    name: 'repeated',
    what: 'declared column, the same condition each time',
    perRound: 10,
    floor: ({ floor }) => floor,
    condition: selectivity => `bucket < ${below(selectivity)}`,
    ...ofBucket,
  },
  {
    name: 'new',
    what: 'declared column, another value for each query',
    perRound: 10,
    floor: ({ floor }) => floor,
    condition: () => 'price >= ? AND price < ?',
    parameters: (selectivity, i) => {
      const from = lowest(selectivity, i)
      return [from, from + selectivity.share * HIGHEST_PRICE]
    },
    passes: ({ price }, selectivity, i) => {
      const from = lowest(selectivity, i)
      return price >= from && price < from + selectivity.share * HIGHEST_PRICE
    },
  },
  {
    name: 'json',
    what: `filter = '{...}' on a field of meta, second query on`,
    perRound: 10,
    floor: () => 1.5,
    condition: () => 'filter = ?',
    ...ofBucket,
    parameters: selectivity => [JSON.stringify({ year: { $lt: below(selectivity) } })],
  },
]

/** SQLite evaluates the subquery in full for each search: measured less often, because it takes long. */
const SUBQUERY: Form = {
  name: 'subquery',
  what: 'doc_id IN (SELECT id ... json_extract(meta, ...)), second query on',
  perRound: 1,
  floor: () => 1.5,
  condition: selectivity =>
    `doc_id IN (SELECT id FROM _vec_docs WHERE json_extract(meta, '$.year') < ${below(selectivity)})`,
  ...ofBucket,
}

/** Searches of a table with four metadata columns, filtered over unfiltered, beside sqlite-vec's metadata columns. */
export async function filterCase(
  set: DataSet,
  { rounds, seed }: FilterOptions,
): Promise<Finding[]> {
  await warmUp(set)
  const metadata = metadataOf(set, seed)
  const db = await open(freshFile('filters.sqlite'))
  db.exec(
    'CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT, bucket INTEGER, price REAL, tags JSON)',
  )
  const columns = ['dataset_id', 'id', 'embedding', 'lang', 'bucket', 'price', 'tags', 'meta']
  insertMany(db, '_vec_docs', columns, rowsOf(set, metadata))
  const peer = nativeTable(set, metadata)
  const findings = [
    ...searches(db, set, { forms: FORMS, peer, rounds }),
    ...searches(db, set, { forms: [SUBQUERY], rounds: Math.min(rounds, 8) }),
    answers(db, set, metadata),
    columnMemory(db),
    listCost(db, set, rounds),
    await insertCost(set),
  ]
  peer?.close()
  db.close()
  return findings
}

function metadataOf(set: DataSet, seed: number): Metadata[] {
  const random = seededRandom(seed)
  return set.ids.map((_, i) => ({
    lang: ['en', 'de', 'fr', 'it'][i % 4],
    bucket: Math.floor(random() * BUCKETS),
    price: Math.round(random() * HIGHEST_PRICE * 100) / 100,
    tags: JSON.stringify([`t${i % 50}`]),
  }))
}

function* rowsOf(set: DataSet, metadata: readonly Metadata[]): Generator<InsertRow> {
  for (const [i, { lang, bucket, price, tags }] of metadata.entries()) {
    const meta = JSON.stringify({ year: bucket })
    yield ['d', set.ids[i], rowOf(set, i), lang, bucket, price, tags, meta]
  }
}

/** The same rows and columns in a vec0 table; undefined where sqlite-vec is not installed. */
function nativeTable(set: DataSet, metadata: readonly Metadata[]): NativeDatabase | undefined {
  const db = openSqliteVec(freshFile('filters-peer.sqlite'))
  if (!db) return undefined
  db.exec(`CREATE VIRTUAL TABLE v USING vec0(embedding float[${set.dim}] distance_metric=cosine,
    lang TEXT, bucket INTEGER, price FLOAT, tags TEXT)`)
  const insert = db.prepare(
    'INSERT INTO v(rowid, embedding, lang, bucket, price, tags) VALUES (?, ?, ?, ?, ?, ?)',
  )
  db.transaction(() => {
    for (const [i, { lang, bucket, price, tags }] of metadata.entries()) {
      // vec0 takes a whole number for an INTEGER, and a number with a fraction for a FLOAT, only as the driver binds them.
      insert.run(BigInt(i + 1), rowOf(set, i), lang, BigInt(bucket), price, tags)
    }
  })()
  return db
}

interface Searches {
  readonly forms: readonly Form[]
  readonly peer?: NativeDatabase | undefined
  readonly rounds: number
}

function searches(db: Connection, set: DataSet, { forms, peer, rounds }: Searches): Finding[] {
  const unfiltered = db.prepare(UNFILTERED).pluck()
  const contenders: Contender[] = [
    { name: 'unfiltered', perRound: 20, run: i => unfiltered.all(queryOf(set, i)) },
  ]
  for (const selectivity of SELECTIVITIES) {
    for (const form of forms) {
      const search = searchOf(db, set, form, selectivity)
      contenders.push({ name: nameOf(form, selectivity), perRound: form.perRound, run: search })
    }
    if (!peer) continue
    const statement = peer
      .prepare(
        `SELECT rowid, distance FROM v WHERE embedding MATCH ? AND k = 10 AND bucket < ${below(selectivity)}`,
      )
      .raw()
    contenders.push({
      name: `sqlite-vec ${selectivity.label}`,
      perRound: 1,
      run: i => statement.all(queryOf(set, i)),
    })
  }
  // Once before: the index is built, and what is repeated is cached.
  for (const contender of contenders) contender.run(0)
  const times = interleave(contenders, rounds)
  return [
    ...forms.flatMap(form => SELECTIVITIES.map(one => overUnfiltered(times, form, one))),
    ...(peer
      ? forms
          .filter(({ name }) => name !== 'new')
          .flatMap(form => SELECTIVITIES.map(one => againstNative(times, form, one)))
      : []),
  ]
}

function searchOf(
  db: Connection,
  set: DataSet,
  { condition, parameters }: Form,
  selectivity: Selectivity,
): (i: number) => unknown[] {
  const statement = db.prepare(`${UNFILTERED} AND ${condition(selectivity)}`).pluck()
  return i => statement.all(queryOf(set, i), ...(parameters(selectivity, i) as number[]))
}

function nameOf(form: Form, selectivity: Selectivity): string {
  return `${form.name} ${selectivity.label}`
}

function overUnfiltered(
  times: ReadonlyMap<string, Times>,
  form: Form,
  selectivity: Selectivity,
): Finding {
  const unfiltered = times.get('unfiltered')!
  const own = times.get(nameOf(form, selectivity))!
  const floor = form.floor(selectivity)
  const ratio = own.median / unfiltered.median
  return {
    what: `filter, ${selectivity.label} pass, ${form.what}: over the unfiltered search`,
    ours: spread(own),
    peer: `unfiltered ${spread(unfiltered)}`,
    ratio: `${ratio.toFixed(2)}x`,
    floor: `${floor.toFixed(1)}x`,
    met: ratio <= floor,
  }
}

function againstNative(
  times: ReadonlyMap<string, Times>,
  form: Form,
  selectivity: Selectivity,
): Finding {
  const native = times.get(`sqlite-vec ${selectivity.label}`)!
  const own = times.get(nameOf(form, selectivity))!
  const faster = native.median / own.median
  return {
    what: `the same, ${selectivity.label} pass, ${form.what}: against metadata columns of sqlite-vec`,
    ours: milliseconds(own.median),
    peer: `sqlite-vec ${spread(native)}`,
    ratio: `${faster.toFixed(1)}x faster`,
    floor: '15x',
    met: faster >= 15,
  }
}

/** Each form at each selectivity beside brute force over the rows that pass. */
function answers(db: Connection, set: DataSet, metadata: readonly Metadata[]): Finding {
  let equal = 0
  let checked = 0
  for (const form of [...FORMS, SUBQUERY]) {
    for (const selectivity of SELECTIVITIES) {
      const search = searchOf(db, set, form, selectivity)
      for (let n = 0; n < CHECKED; n++) {
        const i = Math.floor(((n + 0.5) * set.queryCount) / CHECKED)
        const passing = subset(set, row => form.passes(metadata[row], selectivity, i))
        const expected = new Oracle(passing).nearest(i, 10)
        if (search(i).join('\0') === expected.join('\0')) equal++
        checked++
      }
    }
  }
  return {
    what: 'filtered answers equal to double-precision brute force over the rows that pass',
    ours: `${equal} of ${checked}`,
    peer: '',
    ratio: '',
    floor: 'all',
    met: equal === checked,
  }
}

function subset(set: DataSet, passes: (row: number) => boolean): DataSet {
  const kept = set.ids.map((_, i) => i).filter(passes)
  const rows = new Float32Array(kept.length * set.dim)
  for (const [place, i] of kept.entries()) rows.set(rowOf(set, i), place * set.dim)
  return { ...set, ids: kept.map(i => set.ids[i]), rows }
}
