import { queryOf, rowOf, type DataSet } from '../data/sets.ts'
import { summarize, time, type Times } from '../measure.ts'
import type { HnswIndex, NativeDatabase } from '../peers/native.ts'
import { milliseconds } from '../report.ts'
import { hnswIndex } from './hnsw.ts'
import { PEER_NEAREST } from './nearest.ts'
import { wholeProcess, whileWriting } from './processes.ts'
import { freshFile, loadSqliteVec } from './tables.ts'

/** The steps of the freshness case in one peer, each as text for its column; '' where the peer has no such step. */
export interface FreshnessPeer {
  insertThenSearch(): string
  insertInTransaction(): string
  manyChanges(): string
  besideWriter(core: number | undefined): Promise<string>
  freshProcess(runs: number, cores: 'one' | 'all'): string
  close(): void
}

export function freshnessPeers(words: DataSet, hnsw: boolean): FreshnessPeer[] {
  const peers: FreshnessPeer[] = []
  const loaded = loadSqliteVec(words, 'freshness-peer.sqlite')
  if (loaded) peers.push(new SqliteVecPeer(words, loaded.db, loaded.path))
  const found = hnsw ? hnswIndex(words) : undefined
  if (found) peers.push(new HnswPeer(words, found.index))
  return peers
}

const RUNS = 15

class SqliteVecPeer implements FreshnessPeer {
  readonly #words: DataSet
  readonly #db: NativeDatabase
  readonly #path: string
  readonly #search: (i: number) => void
  readonly #insert: (i: number) => void

  constructor(words: DataSet, db: NativeDatabase, path: string) {
    this.#words = words
    this.#db = db
    this.#path = path
    const nearest = db.prepare(PEER_NEAREST).raw()
    const insert = db.prepare('INSERT INTO v(embedding) VALUES (?)')
    this.#search = i => void nearest.all(queryOf(words, i))
    this.#insert = i => void insert.run(rowOf(words, i))
  }

  insertThenSearch(): string {
    this.#db.pragma('synchronous = OFF')
    const quiet = times(this.#search)
    const both = times(i => {
      this.#insert(i)
      this.#search(i)
    })
    this.#db.pragma('synchronous = FULL')
    return over('sqlite-vec', both, quiet)
  }

  insertInTransaction(): string {
    const quiet = times(this.#search)
    this.#db.exec('BEGIN')
    const both = times(i => {
      this.#insert(i)
      this.#search(i)
    })
    this.#db.exec('ROLLBACK')
    return over('sqlite-vec', both, quiet)
  }

  manyChanges(): string {
    const words = this.#words
    const change = this.#db.prepare('UPDATE v SET embedding = ? WHERE rowid = ?')
    const quiet: number[] = []
    const after: number[] = []
    for (let round = 0; round < 5; round++) {
      this.#db.transaction(() => {
        for (let i = 0; i < 1000; i++) {
          const at = (round * 1000 + i * 331) % words.ids.length
          change.run(rowOf(words, (at + 1) % words.ids.length), BigInt(at + 1))
        }
      })()
      after.push(time(() => this.#search(round)))
      quiet.push(time(() => this.#search(round)))
    }
    const base = summarize(quiet).median
    return `sqlite-vec ${milliseconds(Math.max(0, summarize(after).median - base))} (search ${milliseconds(base)})`
  }

  async besideWriter(core: number | undefined): Promise<string> {
    const quiet = times(this.#search)
    const args = [this.#path, String(this.#words.dim)]
    const busy = await whileWriting('writer-peer.js', args, core, () => times(this.#search))
    return over('sqlite-vec', busy, quiet)
  }

  freshProcess(runs: number, cores: 'one' | 'all'): string {
    const args = ['sqlite-vec', this.#path, String(this.#words.dim)]
    return `sqlite-vec ${milliseconds(wholeProcess('first-search-peer.js', args, runs, cores).median)}`
  }

  close(): void {
    this.#db.close()
  }
}

/** hnswlib keeps no file up and knows no transactions: a point is added in memory, and the index saved as a whole. */
class HnswPeer implements FreshnessPeer {
  readonly #words: DataSet
  readonly #index: HnswIndex

  constructor(words: DataSet, index: HnswIndex) {
    this.#words = words
    this.#index = index
    index.resizeIndex(words.ids.length + 10_000)
    index.setEf(100)
  }

  insertThenSearch(): string {
    const { length } = this.#words.ids
    const search = (i: number): void =>
      void this.#index.searchKnn(Array.from(queryOf(this.#words, i)), 10)
    const quiet = times(search, 200)
    const both = times(i => {
      this.#index.addPoint(Array.from(rowOf(this.#words, i * 31)), length + i)
      search(i)
    }, 200)
    return `${over('hnswlib', both, quiet)} in memory, nothing saved`
  }

  insertInTransaction(): string {
    return ''
  }

  manyChanges(): string {
    const { ids } = this.#words
    const taken = time(() => {
      for (let i = 0; i < 1000; i++) {
        const at = (i * 331) % ids.length
        this.#index.addPoint(Array.from(rowOf(this.#words, (at + 1) % ids.length)), at)
      }
    })
    return `hnswlib: changing them takes ${(taken / 1000).toFixed(1)} s`
  }

  besideWriter(): Promise<string> {
    return Promise.resolve('')
  }

  freshProcess(runs: number, cores: 'one' | 'all'): string {
    const path = freshFile('fresh-process.hnsw')
    this.#index.writeIndexSync(path)
    const args = ['hnswlib', path, String(this.#words.dim)]
    return `hnswlib ${milliseconds(wholeProcess('first-search-peer.js', args, runs, cores).median)}`
  }

  close(): void {
    freshFile('fresh-process.hnsw')
  }
}

function times(run: (i: number) => void, count = RUNS): Times {
  return summarize(Array.from({ length: count }, (_, i) => time(() => run(i))))
}

function over(name: string, taken: Times, quiet: Times): string {
  const ratio = (taken.median / quiet.median).toFixed(2)
  return `${name} ${milliseconds(taken.median)}, quiet ${milliseconds(quiet.median)}: ${ratio}x`
}
