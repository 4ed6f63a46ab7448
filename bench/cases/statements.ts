import { open } from '../../src/entries/main.ts'
import { seededNormal } from '../data/random.ts'
import { rowOf, type DataSet } from '../data/sets.ts'
import { summarize, time } from '../measure.ts'
import { milliseconds, perSecond, type Finding } from '../report.ts'
import { spread } from './search.ts'
import { freshFile, loadOneByOne, loadOurs } from './tables.ts'

/** What single statements cost. */
export async function statementCase(words: DataSet, seed: number): Promise<Finding[]> {
  return [await oneByOne(words), await lookUps(words), await smallSearch(seed)]
}

async function oneByOne(words: DataSet): Promise<Finding> {
  const rate = (words.ids.length / (await loadOneByOne(words, 'one-by-one.sqlite'))) * 1000
  return {
    what: `the same rows by a prepared INSERT each, in one transaction, ${words.name}`,
    ours: perSecond(rate),
    peer: '',
    ratio: '',
    floor: '',
    met: undefined,
  }
}

async function lookUps(words: DataSet): Promise<Finding> {
  const { db } = await loadOurs(words, 'look-ups.sqlite')
  const get = db.prepare('SELECT embedding FROM _vec_v WHERE dataset_id = ? AND id = ?').pluck()
  const count = 100_000
  const rates: number[] = []
  for (let round = 0; round < 5; round++) {
    const look = db.transaction(() => {
      for (let i = 0; i < count; i++) get.get('d', words.ids[(i * 7919 + round) % words.ids.length])
    })
    rates.push((count / time(look)) * 1000)
  }
  db.close()
  const { median, min, max } = summarize(rates)
  return {
    what: `look-up of an embedding by key inside a transaction, ${words.name}`,
    ours: `${perSecond(median)} (${perSecond(min)} to ${perSecond(max)})`,
    peer: '',
    ratio: '',
    floor: '100k/s',
    met: median >= 100_000,
  }
}

async function smallSearch(seed: number): Promise<Finding> {
  const dim = 384
  const normal = seededNormal(seed)
  const small: DataSet = {
    name: '100 x 384',
    key: `small-${seed}`,
    dim,
    ids: Array.from({ length: 100 }, (_, i) => `doc-${i}`),
    rows: Float32Array.from({ length: 100 * dim }, normal),
    queries: Float32Array.from({ length: dim }, normal),
    queryCount: 1,
  }
  const db = await open(freshFile('small.sqlite'))
  db.exec('CREATE VIRTUAL TABLE v USING vec(doc_id)')
  const insert = db.prepare('INSERT INTO _vec_v(dataset_id, id, embedding) VALUES (?, ?, ?)')
  db.transaction(() => small.ids.forEach((id, i) => insert.run('d', id, rowOf(small, i))))()
  const nearest = db.prepare(
    "SELECT doc_id, match_score FROM v WHERE dataset_id = 'd' AND doc_id MATCH ? LIMIT 10",
  )
  const times: number[] = []
  for (let i = 0; i < 5000; i++) {
    const taken = time(() => nearest.all(small.queries))
    if (i >= 2000) times.push(taken)
  }
  db.close()
  const result = summarize(times)
  return {
    what: 'MATCH over 100 rows x 384 in a file, whole statement, warm',
    ours: spread({ ...result, max: result.p95 }).replace(/\)$/, ' at p95)'),
    peer: '',
    ratio: '',
    floor: milliseconds(0.1),
    met: result.median <= 0.1,
  }
}
