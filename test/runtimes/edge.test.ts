import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stepsOf } from '../transcript.ts'
import { recipesOf } from './pages.ts'
import { Project } from './project.ts'
import { Workerd } from './workerd.ts'

/** Random numbers, and the nearest rows by double precision. */
const ORACLE = `
let seed = 11
const random = () => ((seed = (Math.imul(seed, 1664525) + 1013904223) | 0) >>> 8) / 2 ** 24 - 0.5
const vector = dim => Float32Array.from({ length: dim }, random)
const cosine = (x, y) => {
  let dot = 0, a = 0, b = 0
  for (let d = 0; d < x.length; d++) { dot += x[d] * y[d]; a += x[d] ** 2; b += y[d] ** 2 }
  return dot / Math.sqrt(a * b)
}
const nearest = (rows, query, k) =>
  [...rows].map(([id, row]) => [cosine(row, query), id]).sort(([a], [b]) => b - a).slice(0, k).map(([, id]) => id).join()
`

const IN_MEMORY = `
import { encodeEmbedding, insertMany, open, VecError } from 'sqlite-vec-ts'
import { canRunWasmKernels } from 'sqlite-vec-ts/indexes'
import { loadEngine } from 'sqlite-vec-ts/engine'
import { Collection } from 'sqlite-vec-ts/vecutil'
${ORACLE}
const codeOf = async task => { try { await task() } catch (error) { return error instanceof VecError && error.code } }
export class Store {}
export default {
  async fetch() {
    const db = await open(':memory:')
    db.exec("CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER, text=content)")
    const rows = new Map(Array.from({ length: 3000 }, (_, i) => [String(i), vector(64)]))
    insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding', 'year', 'content'],
      [...rows].map(([id, row], i) => ['d', id, encodeEmbedding(row), 2000 + (i % 20), 'word' + (i % 7)]))
    const search = db.prepare("SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? AND k = 10").pluck()
    const filtered = db.prepare("SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? AND k = 10 AND year < 2005").pluck()
    const few = new Map([...rows].filter((_, i) => i % 20 < 5))
    let wrong = 0
    for (let i = 0; i < 50; i++) {
      const query = vector(64)
      if (search.all(query).join() !== nearest(rows, query, 10)) wrong++
      if (filtered.all(query).join() !== nearest(few, query, 10)) wrong++
      const changed = String(i * 7)
      rows.set(changed, vector(64))
      db.prepare('UPDATE _vec_docs SET embedding = ? WHERE id = ?').run(encodeEmbedding(rows.get(changed)), changed)
      if (few.has(changed)) few.set(changed, rows.get(changed))
    }
    const words = db.prepare("SELECT count(*) FROM docs WHERE dataset_id = 'd' AND docs MATCH vec_text('word3') AND k = 10").pluck().get()
    db.exec('CREATE VIRTUAL TABLE notes USING vec(doc_id)')
    const notes = new Collection(db, { table: 'notes', dataset: 'd', model: 'length', embed: async texts => texts.map(text => [text.length, 1]) })
    await notes.upsert([{ id: 'a', content: 'a' }, { id: 'b', content: 'longer' }])
    const { hits } = await notes.query({ text: 'longer', k: 1 })
    const refused = [await codeOf(() => open('app.sqlite')), await codeOf(() => loadEngine({ wasm: 'https://localhost/sqlite3.wasm' }))]
    const sound = db.prepare('PRAGMA integrity_check').pluck().get()
    db.close()
    return Response.json({ wrong, words, hit: hits[0].id, refused, sound, simd: canRunWasmKernels() })
  },
}`

const DURABLE = `
import { DurableObject } from 'cloudflare:workers'
import { attach } from 'sqlite-vec-ts/attach'
${ORACLE}
export class Store extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env)
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS notes(id INTEGER PRIMARY KEY, year INTEGER, embedding BLOB)')
    this.vectors = attach(ctx.storage, { table: 'notes', metadata: ['year'] })
  }
  async fetch(request) {
    const { vectors } = this
    const { storage } = this.ctx
    const stored = () => new Map(storage.sql.exec('SELECT id, embedding FROM notes').raw().toArray().map(([id, bytes]) => [id, new Float32Array(bytes)]))
    let wrong = 0
    const compare = () => {
      const rows = stored()
      const query = vector(128)
      const found = vectors.search({ vector: query, k: 5 }).map(({ id }) => id).join()
      if (found !== nearest(rows, query, 5)) wrong++
      const years = new Set(storage.sql.exec('SELECT id FROM notes WHERE year < 2005').raw().toArray().flat())
      const few = new Map([...rows].filter(([id]) => years.has(id)))
      const filtered = vectors.search({ vector: query, k: 5, filter: { year: { $lt: 2005 } } }).map(({ id }) => id).join()
      if (filtered !== nearest(few, query, 5)) wrong++
    }
    const change = () => {
      const id = Math.floor((random() + 0.5) * 3000)
      const kind = Math.floor((random() + 0.5) * 4)
      const year = 2000 + (id % 20)
      if (kind === 0) vectors.upsert([{ id, embedding: vector(128), columns: { year } }])
      else if (kind === 1) storage.sql.exec('INSERT OR REPLACE INTO notes VALUES (?, ?, ?)', id, year, vector(128).buffer)
      else if (kind === 2) storage.sql.exec('DELETE FROM notes WHERE id = ?', id)
      else vectors.delete([id])
    }
    if (new URL(request.url).pathname === '/fill') {
      vectors.upsert(Array.from({ length: 3000 }, (_, id) => ({ id, embedding: vector(128), columns: { year: 2000 + (id % 20) } })))
      for (let step = 0; step < 150; step++) {
        if (step % 3 > 0) change()
        else {
          try {
            storage.transactionSync(() => { change(); compare(); change(); throw 'undo' })
          } catch (thrown) { if (thrown !== 'undo') throw thrown }
        }
        compare()
      }
      vectors.optimize()
    } else for (let step = 0; step < 20; step++) { compare(); change() }
    let refused
    try { storage.transactionSync(() => { vectors.upsert([{ id: 9000, embedding: vector(128) }, { id: 9001, embedding: vector(127) }]) }) } catch (error) { refused = error.code }
    const large = (() => { try { vectors.upsert([{ id: 2n ** 60n, embedding: vector(128) }]) } catch (error) { return error.message } })()
    const problems = vectors.check().filter(({ severity }) => severity !== 'ok' && severity !== 'info')
    const saved = vectors.stats().find(({ op }) => op.startsWith('journal')).op
    return Response.json({ wrong, refused, large, half: stored().has(9000), problems, saved })
  }
}
export default { fetch: (request, env) => new URL(request.url).pathname === '/ready' ? new Response('') : env.STORE.get(env.STORE.idFromName('one')).fetch(request) }
`

describe('workerd', () => {
  test('a database in memory finds what double precision finds', async () => {
    await using workerd = await Workerd.start(IN_MEMORY)
    const answer = await workerd.fetch('')
    assert.deepEqual(JSON.parse(answer), {
      wrong: 0,
      words: 10,
      hit: 'b',
      refused: ['VEC_ENGINE', 'VEC_ENGINE'],
      sound: 'ok',
      simd: true,
    })
  })

  test('the SQLite of a Durable Object is searched, through undone transactions and a restart', async () => {
    await using workerd = await Workerd.start(DURABLE)
    for (const path of ['fill', 'again']) {
      const answer = await workerd.fetch(path)
      const { large, saved, ...facts } = JSON.parse(answer) as { large: string; saved: string }
      assert.deepEqual(
        facts,
        { wrong: 0, refused: 'VEC_DIMENSION', half: false, problems: [] },
        path,
      )
      assert.match(large, /integers up to 2\^53/)
      assert.match(saved, /saved at \d/)
      await workerd.restart()
    }
  })
})

describe('docs/runtimes/edge.md', () => {
  for (const { title, files, tools, consoles } of recipesOf('docs/runtimes/edge.md')) {
    if (consoles.length === 0) continue
    test(`${title}: the program finds the nearest document`, () => {
      // Wrangler needs a later Node than the package.
      using project = new Project('node-22', ...tools)
      for (const { info, code } of files) project.write(info.split(' ')[1], code)
      for (const { code, line } of consoles) {
        for (const { command, answer } of stepsOf(code)) {
          const shown = project.shell(`PATH="$PWD/node_modules/node-22/bin:$PATH"\n${command}`)
          assert.equal(shown, answer, `line ${line}: ${command}`)
        }
      }
    })
  }
})
