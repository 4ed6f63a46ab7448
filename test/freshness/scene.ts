import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { mixed } from './mixed.ts'
import { type Question, wrong } from './oracle.ts'
import { seeded } from './seeded.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-fresh-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

export function newPath(): string {
  return join(folder, `${files++}.sqlite`)
}

/**
 * An index that answers from its floats in memory; one that is looked up in the table and saved in the file; one whose rows
 * are turned, as their squares are mostly along a few axes; and one for which index=auto makes a tree, as its rows lie on a surface.
 */
export interface Size {
  readonly name: 'small' | 'large' | 'turned' | 'tree'
  readonly dim: number
  readonly rows: number
}

export const SMALL: Size = { name: 'small', dim: 5, rows: 40 }
export const LARGE: Size = { name: 'large', dim: 100, rows: 3000 }
const TURNED: Size = { name: 'turned', dim: 128, rows: 3000 }
export const TREE: Size = { name: 'tree', dim: 80, rows: 6000 }
export const SIZES: readonly Size[] = [SMALL, LARGE, TURNED, TREE]

const DATASETS = ['a', 'b'] as const

/** A file with a filled vec table `docs`, asked and closed once, so that a large index is saved in it. */
export class Scene {
  readonly path: string
  readonly size: Size
  readonly queries: Float32Array[]
  readonly #random: () => number
  readonly #open: Connection[] = []
  db!: Connection

  private constructor(size: Size, path: string) {
    this.size = size
    this.path = path
    this.#random = seeded(size.rows)
    this.queries = [this.vector(), this.vector()]
  }

  static async make(size: Size, shadow = ''): Promise<Scene> {
    const scene = new Scene(size, newPath())
    copyFileSync(await template(scene, shadow), scene.path)
    scene.db = await scene.connect()
    return scene
  }

  async connect(options: { readonly?: boolean; busyTimeout?: number } = {}): Promise<Connection> {
    const db = await open(this.path, { busyTimeout: 300, ...options })
    if (options.readonly !== true) db.exec('PRAGMA synchronous = OFF')
    this.#open.push(db)
    return db
  }

  vector(): Float32Array {
    if (this.size === TREE) return surface(this.size.dim, this.#random(), this.#random())
    if (this.size === TURNED) return mixed(falling(this.size.dim, this.#random))
    return Float32Array.from({ length: this.size.dim }, () => this.#random() - 0.5)
  }

  /** A vector that is nearer to the first query than any other row. */
  near(nudge = 0): Float32Array {
    const vector = this.queries[0].slice()
    vector[0] += 0.001 + nudge
    return vector
  }

  /** Few rows and all rows, of every dataset and query, against brute force. */
  check(db: Connection = this.db, about: Partial<Question> = {}): void {
    const limits = [1, 10, undefined]
    for (const dataset of about.dataset === undefined ? DATASETS : [about.dataset]) {
      for (const query of this.queries.slice(0, this.size === SMALL ? 2 : 1)) {
        const question = { table: 'docs', metric: 'cosine', query, ...about, dataset } as const
        assert.equal(wrong(db, question, limits), undefined)
      }
    }
  }

  /** The nearest ids of the first query. */
  top(limit: number, db: Connection = this.db, dataset = 'a'): string[] {
    return db
      .prepare('SELECT doc_id FROM docs WHERE dataset_id = ? AND doc_id MATCH ? LIMIT ?')
      .pluck()
      .all(dataset, this.queries[0], limit) as string[]
  }

  run(sql: string, ...params: (string | number | Uint8Array | Float32Array | null)[]): void {
    this.db.prepare(sql).run(...params)
  }

  put(
    id: string,
    vector: Float32Array | Uint8Array | null,
    dataset = 'a',
    db: Connection = this.db,
  ): void {
    db.prepare('INSERT OR REPLACE INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)').run(
      dataset,
      id,
      vector,
    )
  }

  close(): void {
    for (const db of this.#open) db.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** The file that scenes of a kind begin with. */
async function template(scene: Scene, shadow: string): Promise<string> {
  const key = scene.size.name + shadow
  let path = templates.get(key)
  if (path !== undefined) return path
  path = newPath()
  await fill(scene, path, shadow)
  if (scene.size === TURNED) await checkTurned(path)
  templates.set(key, path)
  return path
}

async function fill(scene: Scene, path: string, shadow: string): Promise<void> {
  using db = await open(path)
  if (shadow !== '') db.exec(`CREATE TABLE _vec_docs ${shadow}`)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  db.transaction(() => {
    const insert = db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
    for (let n = 0; n < scene.size.rows; n++)
      insert.run(n % 10 === 9 ? 'b' : 'a', `d${n}`, scene.vector())
  })()
  scene.check(db)
}

/** The index that was saved has the axes by which its rows were turned. */
async function checkTurned(path: string): Promise<void> {
  using db = await open(path)
  const sections = db.prepare('SELECT DISTINCT section FROM vector_storage_chunks').pluck().all()
  assert.ok(sections.includes('axes'), `saved: ${sections.join(', ')}`)
}

const templates = new Map<string, string>()

/** The later a number, the smaller. */
function falling(dim: number, random: () => number): Float32Array {
  return Float32Array.from({ length: dim }, (_, i) => (random() - 0.5) * 0.95 ** i)
}

/** A point of a curved sheet that touches every number. */
function surface(dim: number, x: number, y: number): Float32Array {
  return Float32Array.from({ length: dim }, (_, i) => Math.sin(x * (1 + (i % 7)) + y * (i % 5) + i))
}

/** One test for each size. */
export function inBothSizes(
  fact: string,
  body: (scene: Scene) => void | Promise<void>,
  shadow?: string,
): void {
  for (const size of SIZES) {
    test(`${fact} (${size.name})`, async () => {
      using scene = await Scene.make(size, shadow)
      await body(scene)
    })
  }
}
