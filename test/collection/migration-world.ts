import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { Collection, type EmbedFunc } from '../../src/entries/vecutil.ts'
import { AsyncCollection, connect } from '../../src/entries/worker.ts'
import { embedLetters } from './letters.ts'

interface Model {
  readonly table: string
  readonly dataset: string
  readonly model: string
  readonly embed: EmbedFunc
}

export const NARROW: Model = {
  table: 'docs',
  dataset: 'd',
  model: 'narrow',
  embed: embedLetters('abc'),
}
export const WIDE: Model = { ...NARROW, model: 'wide', embed: embedLetters('abcde') }

/** Where a collection runs. Its methods can be awaited in any case. */
export interface Place {
  readonly name: string
  /** The number of readers of `connect()`; undefined: in this thread. */
  readonly threads: number | undefined
}

export const PLACES: readonly Place[] = [
  { name: 'open()', threads: undefined },
  { name: 'connect()', threads: 0 },
  { name: 'connect({ threads: 2 })', threads: 2 },
]

/** A file with an empty vec table, and a collection. */
export async function world(
  t: TestContext,
): Promise<{ file: string; db: Connection; docs: Collection }> {
  const folder = mkdtempSync(join(tmpdir(), 'migration-'))
  const file = join(folder, 'docs.sqlite')
  const db = await open(file)
  t.after(() => {
    db.close()
    rmSync(folder, { recursive: true, force: true })
  })
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=euclidean)')
  return { file, db, docs: new Collection(db, NARROW) }
}

/** The same with the collection in a place; `db` looks at its file. */
export async function worldIn(
  t: TestContext,
  { threads }: Place,
): Promise<{ file: string; db: Connection; docs: AsyncCollection }> {
  const { file, db, docs } = await world(t)
  if (threads === undefined) return { file, db, docs: docs as unknown as AsyncCollection }
  const client = await connect(file, { threads })
  t.after(async () => client.close())
  return { file, db, docs: new AsyncCollection(client, NARROW) }
}

const contentOf = (n: number): string =>
  Array.from('abcde', (letter, i) => letter.repeat((n >> (2 * i)) & 3)).join('') || 'a'

export const fill = async (docs: AsyncCollection | Collection, count: number): Promise<void> => {
  const documents = Array.from({ length: count }, (_, n) => ({
    id: `n${n}`,
    content: contentOf(n),
  }))
  await docs.upsert(documents)
}

/** Every vector is that of its content by its model, and all are of one model. */
export async function requireWhole(db: Connection, model: 'narrow' | 'wide'): Promise<void> {
  const { embed } = model === 'wide' ? WIDE : NARROW
  const rows = db
    .prepare("SELECT content, embedding, embedding_model FROM _vec_docs WHERE dataset_id = 'd'")
    .raw()
    .all() as [string, Uint8Array, string][]
  const expected = await embed(
    rows.map(([content]) => content),
    {},
  )
  for (const [i, [, embedding, stored]] of rows.entries()) {
    assert.equal(stored, model)
    assert.deepEqual(new Float32Array(embedding.slice().buffer), Float32Array.from(expected[i]))
  }
}

export const pick = ({ embed, model }: Model): Pick<Model, 'embed' | 'model'> => ({ embed, model })
