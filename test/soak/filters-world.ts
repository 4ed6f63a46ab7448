import { encodeEmbedding, open, type Connection } from '../../src/entries/main.ts'
import type { Random } from './random.ts'

export type Value = string | number | bigint | null | Uint8Array

/** Vectors that rows and queries are picked from, so that each score is computed once. */
const VECTORS = 512
const QUERIES = 16

export interface Sizes {
  readonly rows: number
  readonly dim: number
}

/** The text of a value that is not UTF-8, for SQL. */
export const NOT_UTF8 = "CAST(x'656eff' AS TEXT)"

/** Random rows of a vec table with metadata columns, and what the nearest of them are. */
export class FiltersWorld {
  readonly sizes: Sizes
  readonly #random: Random
  readonly #vectors: readonly Uint8Array[]
  readonly queries: readonly Uint8Array[]
  #scores: readonly Float64Array[] = []

  constructor(random: Random, sizes: Sizes) {
    this.sizes = sizes
    this.#random = random
    const vector = (): Uint8Array =>
      encodeEmbedding(Array.from({ length: sizes.dim }, () => random.next() - 0.5))
    this.#vectors = Array.from({ length: VECTORS }, vector)
    this.queries = Array.from({ length: QUERIES }, vector)
  }

  /** Computes what SQL says of each query and vector. */
  async score(): Promise<void> {
    using db = await open(':memory:')
    const cosine = db.prepare('SELECT vec_cosine(?, ?)').pluck()
    this.#scores = this.queries.map(query =>
      Float64Array.from(this.#vectors, vector => cosine.get(vector, query) as number),
    )
  }

  /** The ids of rows `[id, number of the vector]`, nearest first. */
  ranked(query: number, rows: readonly (readonly [id: string, vector: number])[]): string[] {
    const scores = this.#scores[query]
    return rows
      .toSorted(([a, v], [b, w]) => scores[w] - scores[v] || (a < b ? -1 : 1))
      .map(([id]) => id)
  }

  id(): string {
    return `d${this.#random.below(Math.ceil(this.sizes.rows * 1.05))}`
  }

  lang(): Value {
    return pick(this.#random, ['en', 'en', 'de', 'DE', 'fr', '', '7', 'é', '😀', null])
  }

  year(): Value {
    const r = this.#random
    return pick(r, [
      2000 + r.below(25),
      r.below(5),
      null,
      'unknown',
      2010.5,
      2n ** 53n + 1n,
      -(2n ** 63n),
    ])
  }

  price(): Value {
    const r = this.#random
    return pick(r, [r.next() * 100, r.below(20), r.below(20) / 2, null, -0.0, 'free', 1e300])
  }

  tags(): Value {
    const r = this.#random
    const list = Array.from({ length: r.below(4) }, () =>
      pick(r, ['a', 'b', 'c"', 1, 2.5, true, null]),
    )
    return pick(r, [JSON.stringify(list), JSON.stringify(list), null, '"a"', 'no json', '{"a": 1}'])
  }

  meta(): string | null {
    const r = this.#random
    if (r.next() < 0.1) return pick(r, [null, 'no json'])
    const lang = pick(r, ['en', 'de', null, 5, ['x']])
    return JSON.stringify({ ...(lang === null ? {} : { lang }), n: r.below(1000) })
  }

  /** A row as its columns in the shadow table. */
  row(id: string): Value[] {
    const number = this.#random.below(VECTORS)
    return [
      'a',
      id,
      this.#vectors[number],
      number,
      this.lang(),
      this.year(),
      this.price(),
      this.tags(),
      this.meta(),
    ]
  }
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]
}

/** The columns of `FiltersWorld.row`. */
export const COLUMNS = [
  'dataset_id',
  'id',
  'embedding',
  'number',
  'lang',
  'year',
  'price',
  'tags',
  'meta',
] as const

/** The table of a world, filled. */
export function createWorld(db: Connection, declaration: string): void {
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, ${declaration})`)
  db.exec('ALTER TABLE _vec_docs ADD COLUMN number INTEGER')
}
