import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as engine from '../../src/entries/engine.ts'
import * as indexes from '../../src/entries/indexes.ts'
import * as main from '../../src/entries/main.ts'
import * as vec from '../../src/entries/vec.ts'
import * as vecadmin from '../../src/entries/vecadmin.ts'
import * as vecsync from '../../src/entries/vecsync.ts'
import * as vector from '../../src/entries/vector.ts'
import * as vecutil from '../../src/entries/vecutil.ts'
import { openSqlite } from '../sync/sqlite-database.ts'
import { drain } from '../sync/world.ts'
import { claim, endOfClaims } from './claims.ts'

const project = resolve('.')

/** The columns that the original's README names; `last_scn` of vec_dataset is a view here. */
const NOTED = {
  vec_dataset: ['dataset_id', 'description', 'source_uri'],
  shadow_vec_docs: [
    'dataset_id',
    'id',
    'content',
    'meta',
    'embedding',
    'embedding_model',
    'scn',
    'archived',
  ],
  vec_shadow_log: ['dataset_id', 'shadow_table', 'scn', 'op', 'document_id', 'payload'],
  vec_sync_state: ['dataset_id', 'shadow_table', 'last_scn'],
} as const

function ddlOf(folder: string): string {
  const path = join(project, 'db/schema', folder)
  const files = readdirSync(path).filter(name => name.endsWith('.ddl'))
  return files.map(name => readFileSync(join(path, name), 'utf8')).join('\n')
}

function bodyOf(ddl: string, table: string): string {
  const create = new RegExp(`CREATE TABLE IF NOT EXISTS [\`"]${table}[\`"] \\(([^;]*?)\\n\\)`)
  return create.exec(ddl)?.[1] ?? ''
}

function lengths(texts: readonly string[]): Promise<number[][]> {
  return Promise.resolve(texts.map(text => [text.length, 1]))
}

claim(
  'Packages',
  'engine opens a file; vec_cosine and vec_l2 are registered unless that is declined',
  async () => {
    using db = await engine.open('./a.sqlite')
    assert.equal(db.prepare("SELECT vec_l2(vec_f32('[0]'), vec_f32('[2]'))").pluck().get(), 2)
    using bare = await engine.open('./a.sqlite', { register: false })
    assert.throws(() => bare.prepare('SELECT vec_l2(NULL, NULL)'), /no such function: vec_l2/)
  },
)

claim('Packages', 'vec and vecadmin register their modules on a connection', async () => {
  for (const { register } of [vec, vecadmin]) {
    using db = await engine.open(':memory:', { register: false })
    register(db)
    db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
    const op = db.prepare("SELECT op FROM vec_admin WHERE op MATCH 'main._vec_vec_docs:demo'")
    assert.equal(op.pluck().get(), 'reindexed:0')
  }
})

claim(
  'Packages',
  'vec_admin rebuilds a dataset whatever its name',
  async () => {
    using db = await main.open(':memory:')
    db.exec(
      "CREATE VIRTUAL TABLE vec_docs USING vec(doc_id); INSERT INTO vec_docs(dataset_id, doc_id, embedding) VALUES ('a:b', 'x', '[1]')",
    )
    const op = db.prepare('SELECT op FROM vec_admin WHERE op MATCH ?').pluck()
    assert.equal(op.get('main._vec_vec_docs:a:b'), 'reindexed:1')
  },
  'vec-admin',
)

claim('Packages', 'vector encodes and decodes embeddings, and compares them', () => {
  const bytes = vector.encodeEmbedding([1, -2.5])
  assert.deepEqual(bytes, new Uint8Array(Float32Array.of(1, -2.5).buffer))
  assert.deepEqual(vector.decodeEmbedding(bytes), Float32Array.of(1, -2.5))
  assert.equal(vector.cosine(Float32Array.of(1, 0), Float32Array.of(3, 4)), 0.6)
  assert.equal(vector.euclidean(Float32Array.of(0, 0), Float32Array.of(3, 4)), 5)
})

claim(
  'Packages',
  'vector has the small document store: documents in, the nearest by cosine out',
  async () => {
    using db = await main.open(':memory:')
    const store = new vector.Store(db)
    const [made] = store.addDocuments([{ content: 'north', embedding: [0, 1] }])
    store.addDocuments([{ id: 'e', content: 'east', metadata: '{}', embedding: [1, 0] }])
    assert.ok(made.length > 8)
    assert.deepEqual(store.similaritySearch([2, 0], 1), [
      { id: 'e', content: 'east', metadata: '{}', score: 1 },
    ])
    assert.equal(store.remove('e'), true)
    assert.deepEqual(
      store.similaritySearch([2, 0], 5).map(document => document.id),
      [made],
    )
    assert.deepEqual(db.prepare("SELECT name FROM pragma_table_info('docs')").pluck().all(), [
      'id',
      'content',
      'meta',
      'embedding',
    ])
  },
)

claim(
  'Packages',
  'vecutil upserts documents whose texts it embeds, and matches a text',
  async () => {
    using db = await main.open(':memory:')
    db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
    const embed: vecutil.EmbedFunc = lengths
    assert.equal(vecutil.shadowTableName('vec_docs'), '_vec_vec_docs')
    const a = { id: 'a', content: 'abc' }
    await vecutil.upsertShadowDocument(db, '_vec_vec_docs', 'demo', a, { embed })
    const b = { id: 'b', content: 'x' }
    await vecutil.upsertVirtualTableDocument(db, 'vec_docs', 'demo', b, { embed })
    const found = await vecutil.matchText(db, 'vec_docs', 'demo', embed, 'three', { limit: 1 })
    assert.deepEqual(found, ['a'])
    const texts = new vecutil.Collection(db, {
      table: 'vec_docs',
      dataset: 'texts',
      embed,
      model: 'length',
    })
    await texts.upsertDocumentsText([
      { id: 'c', content: 'four' },
      { id: 'd', content: 'a much longer text' },
    ])
    assert.deepEqual(
      (await texts.queryText('five', 1)).map(hit => [hit.id, hit.content]),
      [['c', 'four']],
    )
  },
)

claim(
  'Packages',
  'indexes: brute force and the cover tree find the same without a database',
  () => {
    const rows = Array.from({ length: 300 }, (_, i) => [Math.cos(i), Math.sin(i), i / 300])
    const query = Float32Array.of(0.3, -0.4, 0.9)
    const [brute, cover] = [
      indexes.createExactIndex({ metric: 'cosine', dim: 3 }),
      indexes.createCoverIndex({ metric: 'cosine', dim: 3 }),
    ].map(index => {
      index.stagingBuffer(rows.length).set(rows.flat())
      index.commit(rows.length)
      const { positions, count } = index.search({ query, k: 5 })
      const found = Array.from(positions.subarray(0, count), at => ({
        at,
        score: indexes.exactSimilarity('cosine', query, Float32Array.from(rows[at])),
      }))
      index.dispose()
      return found
        .toSorted((a, b) => b.score - a.score)
        .slice(0, 5)
        .map(({ at }) => at)
    })
    assert.equal(brute.length, 5)
    assert.deepEqual(cover, brute)
  },
)

for (const [option, values] of [
  ['base', [1.1, 1.4, 2]],
  ['bound', ['per_node', 'level']],
  ['parallel', ['auto', 4, 'off']],
] as const) {
  claim('Cover index tuning', `the tree's ${option} can be chosen, and changes no answer`, () => {
    const query = Float32Array.of(1, 2)
    const nearest = values.map(value => {
      const index = indexes.createCoverIndex({ metric: 'euclidean', dim: 2, [option]: value })
      const stage = index.stagingBuffer(500)
      for (let i = 0; i < 1000; i++) stage[i] = Math.sin(i * 7)
      index.commit(500)
      const { positions, upper } = index.search({ query, k: 1 })
      const told = [positions[0], Math.round(upper[0] * 1e6)]
      index.dispose()
      return told
    })
    for (const told of nearest) assert.deepEqual(told[0], nearest[0][0])
  })
}

for (const [folder, tables] of [
  ['mysql', ['vec_dataset', 'shadow_vec_docs', 'vec_shadow_log']],
  ['sqlite', ['vec_dataset', 'shadow_vec_docs', 'vec_shadow_log', 'vec_sync_state']],
] as const) {
  claim(
    'Schemas',
    `reference DDL is under db/schema/${folder}, with the tables of note and their columns`,
    () => {
      const text = ddlOf(folder)
      for (const table of tables) {
        const body = bodyOf(text, table)
        const missing = NOTED[table].filter(
          name => !new RegExp(`^\\s*[\`"]?${name}[\`"]? `, 'm').test(body),
        )
        assert.deepEqual(missing, [], table)
      }
      assert.match(text, /VIEW (IF NOT EXISTS )?[`"]vec_dataset_last_scn[`"]/)
    },
    'last-scn-view',
  )
}

claim(
  'Schemas',
  'vector_storage(shadow_table_name, dataset_id, index) is made with the vec table',
  async () => {
    using db = await main.open(':memory:')
    db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
    assert.deepEqual(
      db.prepare("SELECT name FROM pragma_table_info('vector_storage')").pluck().all(),
      ['shadow_table_name', 'dataset_id', 'index'],
    )
  },
)

claim(
  'Ingestion & SCN sync',
  'builders give the tables and the triggers that log every change, for SQLite and MySQL',
  () => {
    assert.match(vecsync.logTableDDL(), /vec_shadow_log/)
    assert.match(vecsync.seqTableDDL(), /vec_dataset_scn/)
    assert.match(vecsync.shadowTableDDL('shadow_vec_docs').join('\n'), /shadow_vec_docs/)
    assert.match(vecsync.replicaDDL('shadow_vec_docs').join('\n'), /vec_sync_state/)
    for (const triggers of [
      vecsync.sqliteShadowLogTriggers('shadow_vec_docs'),
      vecsync.mysqlShadowLogTriggers('shadow_vec_docs'),
    ]) {
      const text = triggers.join('\n')
      for (const event of ['INSERT', 'UPDATE', 'DELETE'])
        assert.match(text, new RegExp(`AFTER ${event} ON`))
      assert.match(text, /vec_dataset_scn/)
      assert.match(text, /vec_shadow_log/)
    }
  },
)

/** An upstream with a dataset, and a replica whose vec table reads what arrives. */
async function syncScene(folder: string) {
  const path = join(folder, 'upstream.sqlite')
  const upstream = vecsync.sqliteUpstream(() => openSqlite(path))
  await vecsync.installUpstream(upstream)
  await vecsync.createDataset(upstream, 'rootA')
  const source = openSqlite(path)
  const replica = await main.open(join(folder, 'replica.sqlite'))
  replica.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
  const replicator = vecsync.createReplicator({
    source: upstream,
    replica,
    replicaTable: '_vec_vec_docs',
  })
  const found = replica
    .prepare("SELECT doc_id FROM vec_docs WHERE dataset_id = 'rootA' AND doc_id MATCH '[1, 0]'")
    .pluck()
  return {
    source,
    replica,
    replicator,
    found: (): unknown[] => found.all(),
    lastScn: (): unknown =>
      replica
        .prepare("SELECT last_scn FROM vec_sync_state WHERE dataset_id = 'rootA'")
        .pluck()
        .get(),
    put: (id: string, ...numbers: number[]): void =>
      void source.exec(
        `INSERT INTO shadow_vec_docs(dataset_id, id, embedding) VALUES ('rootA', '${id}', x'${Buffer.from(Float32Array.from(numbers).buffer).toString('hex')}')`,
      ),
    async [Symbol.asyncDispose](): Promise<void> {
      await replicator.close()
      replica.close()
      source.close()
    },
  }
}

claim(
  'Ingestion & SCN sync',
  'changes get numbers and payloads with hex embeddings, are applied in order, and last_scn follows them',
  async folder => {
    await using scene = await syncScene(folder)
    const { source, replicator, found } = scene
    scene.put('a', 1, 0)
    scene.put('b', 0, 1)
    await drain(replicator)
    assert.deepEqual(found(), ['a', 'b'])
    scene.put('c', 1, 1)
    source.exec("UPDATE shadow_vec_docs SET archived = 1 WHERE id = 'a'")
    await drain(replicator)
    assert.deepEqual(found(), ['c', 'b'])
    source.exec("UPDATE shadow_vec_docs SET archived = 0 WHERE id = 'a'")
    source.exec("DELETE FROM shadow_vec_docs WHERE id = 'b'")
    await drain(replicator)
    assert.deepEqual(found(), ['a', 'c'])
    const log = source
      .prepare(
        "SELECT scn, op, CAST(payload AS TEXT) AS payload FROM vec_shadow_log WHERE document_id IN ('c', 'b') ORDER BY scn",
      )
      .all() as { scn: number; op: string; payload: string }[]
    assert.deepEqual(
      log.map(({ op }) => op),
      ['insert', 'insert', 'delete'],
    )
    assert.match(log[1].payload, /0000803f0000803f/i)
    assert.deepEqual(scene.lastScn(), log[2].scn)
  },
)

claim(
  'Troubleshooting',
  'SCN sync stuck: a gap in the log stops a dataset by name, and a rebuild from scratch goes on',
  async folder => {
    await using scene = await syncScene(folder)
    scene.put('a', 1, 0)
    await drain(scene.replicator)
    const before = scene.lastScn()
    for (const id of ['b', 'c']) scene.put(id, 0, 1)
    scene.source.exec("DELETE FROM vec_shadow_log WHERE document_id = 'b'")
    await drain(scene.replicator)
    const [halted] = scene.replica
      .prepare("SELECT halt_code, last_scn FROM vec_sync_state WHERE dataset_id = 'rootA'")
      .raw()
      .all()
    assert.deepEqual(halted, ['LOG_GAP', before])
    assert.deepEqual(scene.found(), ['a'])
    await scene.replicator.rebootstrap(['rootA'])
    await drain(scene.replicator)
    assert.deepEqual(scene.found(), ['a', 'b', 'c'])
  },
)

claim('Administration', 'the indexes are measured against each other by a command', () => {
  const { scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  assert.match(scripts['bench'], /bench\/main\.js/)
})

endOfClaims(
  'Packages',
  'Cover index tuning',
  'Schemas',
  'Ingestion & SCN sync',
  'Administration',
  'Troubleshooting',
)
