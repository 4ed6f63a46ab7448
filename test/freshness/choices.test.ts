import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insertMany, open, type Connection } from '../../src/entries/main.ts'
import { decodeManifest, type Manifest } from '../../src/search/persistence/manifest.ts'
import { wrong } from './oracle.ts'
import { newPath, Scene, SMALL, TREE } from './scene.ts'
import { seeded } from './seeded.ts'

function stats(db: Connection, dataset = 'a'): string[] {
  const op = `stats:docs:${dataset}`
  return db.prepare('SELECT op FROM vec_admin WHERE op MATCH ?').pluck().all(op) as string[]
}

function head(db: Connection): Manifest {
  const select = `SELECT "index" FROM vector_storage WHERE dataset_id = 'a'`
  return decodeManifest(db.prepare(select).pluck().get() as Uint8Array)
}

/** Every chunk of dataset a, by section and number. */
function chunks(db: Connection): Map<string, string> {
  const select = `SELECT section || ' ' || chunk, hex(data) FROM vector_storage_chunks WHERE dataset_id = 'a'`
  return new Map(db.prepare(select).raw().all() as unknown as [string, string][])
}

test('a tree is chosen, saved with the reason, and found again by the next process', async () => {
  using scene = await Scene.make(TREE)
  scene.check()
  const [kind, why] = stats(scene.db)
  assert.equal(kind, 'index: cover, cosine, vectors in memory')
  assert.match(why, /^why: 5400 rows of about \d\.\d dimensions: a search visits \d+ of \d+ rows/)
  assert.equal(stats(scene.db, 'b')[1], 'why: 600 rows of 80 dimensions are few: all are scanned')
  const saved = head(scene.db)
  assert.equal(saved.kind, 'cover')
  assert.equal(`why: ${saved.metadata.replace(/^5400 /, '')}`, why)
  // Nothing was built: the trees would come in another order, and the save would write all anew.
  const before = chunks(scene.db)
  assert.ok(before.size > 25, `${before.size} chunks`)
  scene.db.close()
  scene.db = await scene.connect()
  scene.check()
  assert.deepEqual(stats(scene.db).slice(0, 2), [kind, why])
  assert.deepEqual(chunks(scene.db), before)
})

test('one more row rewrites a few chunks of a saved tree', async () => {
  using scene = await Scene.make(TREE)
  scene.check()
  const before = chunks(scene.db)
  scene.put('new', scene.near())
  scene.check()
  scene.db.close()
  scene.db = await scene.connect()
  const after = chunks(scene.db)
  const written = [...after].filter(([key, data]) => before.get(key) !== data)
  assert.equal(after.size, before.size)
  // The last chunks of rows, order, children, near, far and both of the ids; head, trees and live have but one.
  assert.ok(written.length > 5 && written.length <= 10, written.map(([key]) => key).join(', '))
  scene.check()
  assert.equal(scene.top(1)[0], 'new')
})

test('small trees that were asked for are not saved', async () => {
  using db = await open(newPath())
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, index=cover, metric=euclidean)')
  const rows = Array.from({ length: 300 }, (_, i) => ['a', `d${i}`, Float32Array.of(i, i * i)])
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows)
  const question = { table: 'docs', dataset: 'a', query: Float32Array.of(3, 4) } as const
  assert.equal(wrong(db, { ...question, metric: 'euclidean' }, [1, 10, undefined]), undefined)
  assert.deepEqual(stats(db).slice(0, 2), [
    'index: cover, euclidean, vectors in memory',
    'why: index=cover was requested',
  ])
  db.exec("SELECT op FROM vec_admin WHERE op MATCH 'docs:a'")
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 0)
})

test('options of a tree make another index; the number of workers does not', async () => {
  using scene = await Scene.make(TREE)
  const remade = async (options: string): Promise<string> => {
    scene.db.exec(`DROP TABLE docs; CREATE VIRTUAL TABLE docs USING vec(doc_id${options})`)
    scene.check()
    scene.db.close()
    scene.db = await scene.connect()
    return head(scene.db).fingerprint.split('\0')[0]
  }
  const auto = await remade('')
  assert.equal(auto, 'auto cosine 1.3 per_node')
  assert.equal(await remade(', cover_parallel=3'), auto)
  assert.equal(await remade(', cover_base=2'), 'auto cosine 2 per_node')
  assert.equal(await remade(', index=cover, cover_bound=level'), 'cover cosine 1.3 level')
  assert.equal(stats(scene.db)[1], 'why: index=cover was requested')
  assert.equal(await remade(', index=brute, cover_base=2'), 'exact cosine')
  assert.equal(stats(scene.db)[1], 'why: index=brute was requested')
  assert.equal(head(scene.db).kind, 'exact')
})

/** Vectors of many dimensions, or on a surface. */
function makers(dim: number): {
  readonly noise: () => Float32Array
  readonly surface: () => Float32Array
} {
  const next = seeded(dim)
  return {
    noise: () => Float32Array.from({ length: dim }, () => next() - 0.5),
    surface: () => {
      const [x, y] = [next(), next()]
      return Float32Array.from({ length: dim }, (_, i) =>
        Math.sin(x * (1 + (i % 7)) + y * (i % 5) + i),
      )
    },
  }
}

test('the first rows of a file are unlike the rest: they are read again, for a tree', async () => {
  const { noise, surface } = makers(1024)
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const check = (query: Float32Array): string => {
    const question = { table: 'docs', dataset: 'a', query, metric: 'cosine' } as const
    assert.equal(wrong(db, question, [10]), undefined)
    return stats(db).slice(0, 2).join(', ')
  }
  const insert = (name: string, count: number, make: () => Float32Array): void => {
    const rows = Array.from({ length: count }, (_, i) => ['a', name + String(i), make()])
    insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows)
  }
  insert('noise', 260, noise)
  assert.match(
    check(noise()),
    /^index: exact, .*, why: 256 rows of .* above 8 a tree visits too many/,
  )
  insert('surface', 13_000, surface)
  assert.match(check(surface()), /^index: cover, .*, why: 13260 rows of about/)
})

test('a datasetIndex that has doubled is judged again, whatever its new rows suggest', async () => {
  const { noise, surface } = makers(128)
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  let id = 0
  const insert = (count: number, make: () => Float32Array): void => {
    const rows = Array.from({ length: count }, () => ['a', `d${id++}`, make()])
    insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows)
  }
  const check = (query: Float32Array): string => {
    const question = { table: 'docs', dataset: 'a', query, metric: 'cosine' } as const
    assert.equal(wrong(db, question, [1, 10]), undefined)
    return stats(db).slice(0, 2).join(', ')
  }
  insert(2100, noise)
  assert.match(check(noise()), /^index: exact, .*, why: 2048 rows of about/)
  insert(900, surface)
  insert(900, surface)
  assert.match(check(surface()), /^index: exact, .*, why: 2048 rows of about/)
  // Two thirds are on the surface now; a tree is planted by the look of the new rows, and given up by that of all.
  insert(900, surface)
  assert.match(check(surface()), /^index: exact, .*, why: 4800 rows of about/)
  db.exec('DELETE FROM _vec_docs WHERE CAST(substr(id, 2) AS INTEGER) < 2100')
  assert.match(check(surface()), /^index: cover, .*, why: 2700 rows of about/)
  insert(5000, surface)
  assert.match(check(surface()), /^index: cover, .*, why: 7700 rows of about/)
})

test('a transaction sees its own tree, and nobody else does', async () => {
  using scene = await Scene.make(SMALL)
  const { surface } = makers(SMALL.dim)
  const other = await scene.connect()
  scene.db.exec('BEGIN')
  const insert = scene.db.prepare(
    'INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)',
  )
  for (let n = 0; n < 20_000; n++) insert.run('a', `own${n}`, surface())
  scene.check(scene.db, { dataset: 'a' })
  assert.match(stats(scene.db)[0], /^index: cover/)
  scene.check(other)
  scene.put('nearest', scene.near())
  scene.check(scene.db, { dataset: 'a' })
  scene.db.exec('ROLLBACK')
  scene.check()
  scene.check(other)
  assert.match(stats(scene.db)[0], /^index: exact/)
})
