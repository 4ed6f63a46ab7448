import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { encodeEmbedding, open, register, type Connection } from '../../src/main.ts'
import {
  createDataset,
  createReplicator,
  installUpstream,
  replicaStates,
  sqliteUpstream,
} from '../../src/vecsync.ts'

// What the original's README promises an SQL user, section by section and row by row.

const folder = mkdtempSync(join(tmpdir(), 'original-readme-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const newFile = () => join(folder, `file${count++}.sqlite`)

let path: string
let db: Connection
const column = (sql: string, ...values: (string | Uint8Array)[]) =>
  db
    .prepare(sql)
    .pluck()
    .all(...values)
const near = (x: number, y: number, dataset = 'rootA') =>
  column(
    'SELECT doc_id FROM vec_docs WHERE dataset_id = ? AND doc_id MATCH ?',
    dataset,
    encodeEmbedding([x, y]),
  )
const store = (id: string, x: number, y: number) =>
  db
    .prepare(
      "INSERT OR REPLACE INTO _vec_vec_docs(dataset_id, id, content, embedding, scn) VALUES ('rootA', ?, ?, ?, 1)",
    )
    .run(id, `text of ${id}`, encodeEmbedding([x, y]))

const ordered = (by: string) =>
  column(`SELECT id FROM _vec_vec_docs ORDER BY ${by}`, encodeEmbedding([2, 0]))
const triggers = () =>
  column(
    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '_vec_vec_docs' ORDER BY name",
  )

/** The columns that its README asks of a shadow table. */
const SHADOW = `CREATE TABLE _vec_vec_docs (dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT,
  embedding BLOB, embedding_model TEXT, scn INTEGER NOT NULL, archived INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(dataset_id, id))`

beforeEach(async () => {
  path = newFile()
  db = await open(path)
  db.exec(SHADOW)
  db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
  store('east', 1, 0)
  store('north', 0, 1)
  store('between', 3, 4)
})

describe('local quick start', () => {
  test('its statements run in their order; test/vec/quick-start.test.ts runs them in each journal mode', async () => {
    const file = newFile()
    using own = await open(file)
    own.exec(`CREATE VIRTUAL TABLE vec_docs USING vec(doc_id, dbpath='${file}')`)
    own.exec(`CREATE TABLE IF NOT EXISTS _vec_vec_docs (dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT,
      meta TEXT, embedding BLOB, PRIMARY KEY(dataset_id, id))`)
    own
      .prepare(
        "INSERT INTO _vec_vec_docs(dataset_id, id, embedding) VALUES ('demo', 'a', ?), ('demo', 'b', ?)",
      )
      .run(encodeEmbedding([1, 0]), encodeEmbedding([0, 1]))
    const found = own
      .prepare(
        "SELECT doc_id, match_score FROM vec_docs WHERE dataset_id = 'demo' AND doc_id MATCH ?",
      )
      .raw()
      .all(encodeEmbedding([1, 0]))
    assert.deepEqual(found, [
      ['a', 1],
      ['b', 0],
    ])
  })
})

describe('virtual table options', () => {
  const accepted = [
    ...['auto', 'cover', 'brute'].map(kind => `index=${kind}`),
    ...['1.4', '2', '1.05'].map(base => `cover_base=${base}`),
    ...['per_node', 'level'].map(bound => `cover_bound=${bound}`),
    ...['cosine', 'euclidean'].map(distance => `cover_distance=${distance}`),
    ...['auto', '4', 'off', '0'].map(workers => `cover_parallel=${workers}`),
  ]
  for (const option of accepted) {
    test(`${option} makes a table that answers`, async () => {
      using own = await open(':memory:')
      own.exec(`CREATE VIRTUAL TABLE t USING vec(doc_id, ${option})`)
      own.exec(`INSERT INTO _vec_t(dataset_id, id, embedding) VALUES
        ('d', 'far', vec_f32('[9, 1]')), ('d', 'near', vec_f32('[1, 2]'))`)
      const found = own.prepare(
        "SELECT doc_id FROM t WHERE dataset_id = 'd' AND doc_id MATCH '[1, 2.5]' LIMIT 1",
      )
      assert.deepEqual(found.pluck().all(), ['near'])
    })
  }

  const forms: readonly (readonly [string, (name: string) => string])[] = [
    ['a plain path', name => name],
    ['a path in quotes', name => `'${join(folder, name)}'`],
    ['a file: URI', name => `"file:${join(folder, name)}"`],
  ]
  for (const [form, written] of forms) {
    test(`all of them together, the shadow table in another file named by ${form}`, async () => {
      db.exec('DROP TABLE vec_docs')
      using own = await open(newFile())
      own.exec(`CREATE VIRTUAL TABLE vec_docs USING vec(doc_id, dbpath=${written(basename(path))},
        index=cover, cover_base=1.4, cover_bound=level, cover_distance=euclidean, cover_parallel=auto)`)
      const found = own.prepare(
        "SELECT doc_id, distance FROM vec_docs WHERE dataset_id = 'rootA' AND doc_id MATCH '[3, 3]' LIMIT 1",
      )
      assert.deepEqual(found.raw().all(), [['between', 1]])
    })
  }

  test('other settings count at once, without dropping anything from vector_storage', () => {
    assert.deepEqual(near(0, 2), ['north', 'between', 'east'])
    db.exec('DROP TABLE vec_docs')
    db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id, cover_distance=euclidean)')
    assert.deepEqual(near(2, 0), ['east', 'north', 'between'])
  })
})

describe('shadow tables and datasets', () => {
  test('a dataset is required by every query', () => {
    assert.throws(() => column("SELECT doc_id FROM vec_docs WHERE doc_id MATCH '[1, 0]'"), {
      message: /vec: dataset_id constraint is required with MATCH/,
    })
    assert.throws(() => column('SELECT doc_id FROM vec_docs'), {
      message: /vec: dataset_id constraint required/,
    })
    assert.throws(() => db.exec("INSERT INTO _vec_vec_docs(id, scn) VALUES ('x', 1)"), {
      code: 'SQLITE_CONSTRAINT',
    })
  })

  test('a replaced embedding is found where it is now', () => {
    assert.deepEqual(near(1, 0).slice(0, 1), ['east'])
    store('north', 1, 0)
    store('east', 0, 1)
    assert.deepEqual(near(1, 0).slice(0, 1), ['north'])
  })

  test('archived = 1 hides a row and 0 brings it back', () => {
    db.exec("UPDATE _vec_vec_docs SET archived = 1 WHERE id = 'east'")
    assert.deepEqual(near(1, 0), ['between', 'north'])
    db.exec("UPDATE _vec_vec_docs SET archived = 0 WHERE id = 'east'")
    assert.deepEqual(near(1, 0), ['east', 'between', 'north'])
  })
})

describe('querying', () => {
  test('the documented query: a dataset, MATCH, a bound of the score, LIMIT', () => {
    const found = db.prepare(`SELECT doc_id, match_score FROM vec_docs
      WHERE dataset_id = 'rootA' AND doc_id MATCH ? AND match_score >= 0.75 LIMIT 20`)
    assert.deepEqual(found.raw().all(encodeEmbedding([0, 1])), [
      ['north', 1],
      ['between', 0.8],
    ])
  })

  test('two columns are visible, match_score is hidden', () => {
    assert.deepEqual(column("SELECT name FROM pragma_table_info('vec_docs')"), [
      'dataset_id',
      'doc_id',
    ])
    assert.ok(
      column("SELECT name FROM pragma_table_xinfo('vec_docs') WHERE hidden = 1").includes(
        'match_score',
      ),
    )
  })

  test('ids are joined back to content', () => {
    const joined = `SELECT d.content FROM vec_docs v JOIN _vec_vec_docs d ON d.dataset_id = v.dataset_id AND d.id = v.doc_id
      WHERE v.dataset_id = 'rootA' AND v.doc_id MATCH ? LIMIT 1`
    assert.deepEqual(column(joined, encodeEmbedding([0, 1])), ['text of north'])
  })

  test('vec_cosine and vec_l2 order rows outside of the virtual table', () => {
    assert.deepEqual(ordered('vec_cosine(embedding, ?) DESC'), ['east', 'between', 'north'])
    assert.deepEqual(ordered('vec_l2(embedding, ?)'), ['east', 'north', 'between'])
  })
})

describe('administration', () => {
  test('no manual step makes a write seen; vec_invalidate may be called', () => {
    near(1, 0)
    db.exec("DELETE FROM _vec_vec_docs WHERE id = 'east'")
    assert.deepEqual(near(1, 0), ['between', 'north'])
    assert.deepEqual(column("SELECT vec_invalidate('main._vec_vec_docs', 'rootA')"), [1])
    assert.deepEqual(near(1, 0), ['between', 'north'])
  })

  test('a rebuild is one query of vec_admin', () => {
    db.exec('CREATE VIRTUAL TABLE vec_admin USING vec_admin(op)')
    assert.deepEqual(column("SELECT op FROM vec_admin WHERE op MATCH 'main._vec_vec_docs:rootA'"), [
      'reindexed:3',
    ])
  })

  test('rows of vector_storage may be deleted', () => {
    column("SELECT op FROM vec_admin WHERE op MATCH 'vec_docs:rootA'")
    db.exec('DELETE FROM vector_storage')
    assert.deepEqual(near(0, 1), ['north', 'between', 'east'])
  })
})

describe('syncing downstream, and watching it', () => {
  test('a change arrives, vec_sync_state tells how far, a gap stops it and a new copy mends it', async () => {
    const source = newFile()
    const upstream = sqliteUpstream(() => open(source, { register: false }))
    await installUpstream(upstream)
    await createDataset(upstream, 'rootA')
    using writer = await open(source, { register: false })
    const write = (id: string) =>
      writer.exec(
        `INSERT INTO shadow_vec_docs(dataset_id, id, embedding) VALUES ('rootA', '${id}', x'0000803f00000000')`,
      )
    using replica = await open(newFile())
    replica.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
    const replicator = createReplicator({
      source: upstream,
      replica,
      replicaTable: '_vec_vec_docs',
    })
    const drain = async () => {
      while ((await replicator.pass()).more);
    }
    write('one')
    await drain()
    write('two')
    await drain()
    const state = replica.prepare('SELECT dataset_id, last_scn FROM vec_sync_state').raw()
    assert.deepEqual(state.all(), [['rootA', 2]])
    write('three')
    write('four')
    writer.exec('DELETE FROM vec_shadow_log WHERE scn = 3')
    await drain()
    assert.equal(replicaStates(replica)[0].haltCode, 'LOG_GAP')
    await replicator.rebootstrap()
    await drain()
    assert.equal(replicaStates(replica)[0].haltCode, null)
    const found = replica
      .prepare("SELECT doc_id FROM vec_docs WHERE dataset_id = 'rootA' AND doc_id MATCH '[1, 0]'")
      .pluck()
    assert.deepEqual((found.all() as string[]).toSorted(), ['four', 'one', 'three', 'two'])
    await replicator.close()
  })
})

describe('troubleshooting', () => {
  test('no such module: vec', async () => {
    db.close()
    using bare = await open(path, { register: false })
    const ask =
      "SELECT doc_id FROM vec_docs WHERE dataset_id = 'rootA' AND doc_id MATCH '[1, 0]' LIMIT 1"
    assert.throws(() => bare.prepare(ask), { message: /no such module: vec/, hint: /register/ })
    register(bare)
    assert.deepEqual(bare.prepare(ask).pluck().all(), ['east'])
  })

  test('vec: dataset_id constraint required', () => {
    assert.throws(() => column("SELECT doc_id FROM vec_docs WHERE doc_id = 'east'"), {
      code: 'VEC_QUERY',
      message: /vec: dataset_id constraint required/,
      hint: /dataset_id/,
    })
  })

  test('MATCH returns no rows: only for an unknown dataset; a query that cannot fit is an error', () => {
    assert.deepEqual(near(1, 0, 'elsewhere'), [])
    const ask = "SELECT doc_id FROM vec_docs WHERE dataset_id = 'rootA' AND doc_id MATCH ?"
    assert.throws(() => column(ask, encodeEmbedding([1, 2, 3])), {
      code: 'VEC_DIMENSION',
      message: /query dim 3 != index dim 2/,
    })
    assert.throws(() => column(ask, new Uint8Array(7)), { code: 'VEC_EMBEDDING' })
    assert.throws(() => column(ask, 'not a vector'), { code: 'VEC_EMBEDDING' })
  })

  test('an index that does not follow writes: triggers that are gone come back by themselves', () => {
    near(1, 0)
    const installed = triggers()
    assert.ok(installed.length >= 3)
    for (const trigger of installed) db.exec(`DROP TRIGGER ${String(trigger)}`)
    store('east', -1, 0)
    assert.deepEqual(near(1, 0), ['between', 'north', 'east'])
    assert.deepEqual(triggers(), installed)
  })
})
