import { rmSync, statSync } from 'node:fs'
import { insertMany, open } from '../../src/entries/main.ts'
import { rowOf, type DataSet } from '../data/sets.ts'
import { summarize, time, type Times } from '../measure.ts'
import { milliseconds, perSecond, type Finding } from '../report.ts'
import { NEAREST } from './nearest.ts'
import { freshFile } from './tables.ts'

const ROUNDS = 3
const SEARCHES = 30

interface Measured {
  readonly load: Times
  readonly search: Times
  readonly bytes: number
}

/** The same rows in files of 4 KiB pages, SQLite's default, and of 16 KiB pages, as `svec init` makes them. */
export async function pageSizeCase(set: DataSet): Promise<Finding[]> {
  const sizes = [4096, 16_384] as const
  const loads = new Map<number, number[]>(sizes.map(size => [size, []]))
  const searches = new Map<number, number[]>(sizes.map(size => [size, []]))
  const bytes = new Map<number, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of sizes) {
      const path = freshFile(`pages-${size}.sqlite`)
      const db = await open(path)
      db.pragma(`page_size = ${size}`)
      db.exec('CREATE VIRTUAL TABLE v USING vec(doc_id)')
      const columns = ['dataset_id', 'id', 'embedding']
      loads.get(size)!.push(time(() => insertMany(db, '_vec_v', columns, rowsOf(set))))
      bytes.set(size, statSync(path).size)
      const nearest = db.prepare(NEAREST)
      nearest.all(rowOf(set, 0))
      for (let i = 1; i <= SEARCHES; i++) {
        searches.get(size)!.push(time(() => nearest.all(rowOf(set, i))))
      }
      db.close()
      rmSync(path)
    }
  }
  const [small, large] = sizes.map((size): Measured => ({
    load: summarize(loads.get(size)!),
    search: summarize(searches.get(size)!),
    bytes: bytes.get(size)!,
  }))
  return [
    {
      what: `bulk load of ${set.name} into pages of 16 KiB: over pages of 4 KiB`,
      ours: perSecond((set.ids.length / large.load.median) * 1000),
      peer: `pages of 4 KiB ${perSecond((set.ids.length / small.load.median) * 1000)}`,
      ratio: `${(small.load.median / large.load.median).toFixed(2)}x`,
      floor: '1x',
      met: large.load.median <= small.load.median,
    },
    {
      what: 'the same: size of the file, without an index',
      ours: `${(large.bytes / 1e6).toFixed(0)} MB`,
      peer: `pages of 4 KiB ${(small.bytes / 1e6).toFixed(0)} MB`,
      ratio: `${(large.bytes / small.bytes).toFixed(2)}x`,
      floor: '',
      met: undefined,
    },
    {
      what: 'the same: exact search, over pages of 4 KiB',
      ours: milliseconds(large.search.median),
      peer: `pages of 4 KiB ${milliseconds(small.search.median)}`,
      ratio: `${(large.search.median / small.search.median).toFixed(2)}x`,
      floor: '',
      met: undefined,
    },
  ]
}

function* rowsOf(set: DataSet): Generator<[string, string, Float32Array]> {
  for (let i = 0; i < set.ids.length; i++) yield ['d', set.ids[i], rowOf(set, i)]
}
