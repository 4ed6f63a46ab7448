import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { encodeEmbedding } from '../../src/entries/main.ts'
import type { DatabaseServer } from '../../src/worker/database-server.ts'
import type { openInParts } from '../../src/worker/open-in-parts.ts'
import type { DatabaseCall } from '../../src/worker/protocol.ts'
import { seeded } from '../freshness/seeded.ts'
import { refusedLater } from '../refusal.ts'

// The code of the worker as browsers load it: in several files, of which the later ones are loaded when they are needed.

interface Parts {
  readonly openInParts: typeof openInParts
  readonly loadEngine: (options: { wasm: Uint8Array }) => Promise<unknown>
  readonly isWanted: () => boolean
}

let folder: string
let copies = 0
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'browser-parts-'))
  await build({
    stdin: {
      contents: `
        export { openInParts } from './dist/src/worker/open-in-parts.js'
        export { loadEngine } from './dist/src/sqlite/load-engine.js'
        import { LateCode } from './dist/src/core/late-code.js'
        export const isWanted = () => LateCode.isWanted`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['browser'],
    external: ['*.wasm'],
    outdir: join(folder, 'built'),
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
  })
})
after(() => rmSync(folder, { recursive: true }))

const DIM = 16
const ROWS = 3000

/** A fresh copy of the code, which has loaded nothing later. */
async function inBrowser(task: (server: DatabaseServer, parts: Parts) => Promise<void>) {
  const copy = join(folder, `copy ${++copies}`)
  cpSync(join(folder, 'built'), copy, { recursive: true })
  const parts = (await import(pathToFileURL(join(copy, 'stdin.mjs')).href)) as Parts
  await parts.loadEngine({ wasm: readFileSync('dist/lib/sqlite3.wasm') })
  const server = await parts.openInParts(':memory:', {})
  try {
    await task(server, parts)
  } finally {
    server.close()
  }
}

const run = (sql: string, parameters: readonly unknown[] = []): DatabaseCall =>
  ({ op: 'run', sql, parameters }) as DatabaseCall
const values = (sql: string, parameters: readonly unknown[] = []): DatabaseCall =>
  ({ op: 'all', form: 'values', sql, parameters }) as DatabaseCall

interface Row {
  readonly id: string
  readonly lang: string
  readonly vector: Float32Array
}

function rowsOf(seed: number): Row[] {
  const random = seeded(seed)
  return Array.from({ length: ROWS }, (_, i) => ({
    id: `doc ${i}`,
    lang: i % 3 === 0 ? 'de' : 'en',
    vector: Float32Array.from({ length: DIM }, () => random() - 0.5),
  }))
}

/** The nearest documents by double precision. */
function nearest(rows: readonly Row[], query: Float32Array, k: number): string[] {
  const distance = ({ vector }: Row): number =>
    vector.reduce((sum, x, i) => sum + (x - query[i]) ** 2, 0)
  return rows
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, k)
    .map(({ id }) => id)
}

async function fill(server: DatabaseServer, declaration: string, rows: readonly Row[]) {
  await server.answer(
    { op: 'exec', sql: `CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=l2${declaration})` },
    undefined,
  )
  const sql = `INSERT INTO docs(dataset_id, doc_id, content, meta, embedding) VALUES ('d', ?, ?, ?, ?)`
  await server.answer(
    {
      op: 'batch',
      sql,
      parameters: rows.map(({ id, lang, vector }) => [
        id,
        `about ${id}`,
        JSON.stringify({ lang }),
        encodeEmbedding(vector),
      ]),
    },
    undefined,
  )
}

const SEARCH = "SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? LIMIT 10"

describe('the worker of a browser', () => {
  const rows = rowsOf(7)
  const query = rows[5].vector.map(x => x + 0.01)
  const blob = encodeEmbedding(query)

  test('a search by SQL and by search() needs no later code, and is exact', async () => {
    await inBrowser(async (server, { isWanted }) => {
      const few = rows.slice(0, 1000)
      await fill(server, '', few)
      const expected = nearest(few, query, 10)
      assert.deepEqual(await server.answer(values(SEARCH, [blob]), undefined), expected)
      const page = (await server.answer(
        { op: 'search', table: 'docs', dataset: 'd', query: { vector: query, k: 10 } },
        undefined,
      )) as { hits: { id: string }[] }
      assert.deepEqual(
        page.hits.map(({ id }) => id),
        expected,
      )
      assert.equal(isWanted(), false)
    })
  })

  test('searches are exact before the code of trees and clusters is there, and after', async () => {
    await inBrowser(async (server, { isWanted }) => {
      const many = Array.from({ length: 30_000 }, (_, i) => ({
        ...rows[i % ROWS],
        id: `row ${i}`,
        vector: rows[i % ROWS].vector.map((x, d) => x + Math.sin(i * 7 + d) / 8),
      }))
      await fill(server, '', many)
      const expected = nearest(many, query, 10)
      const sql = SEARCH.replace('LIMIT', 'AND recall = 0.9 LIMIT')
      assert.deepEqual(await server.answer(values(sql, [blob]), undefined), expected)
      assert.equal(isWanted(), true)
      // vec_distance_l2() is in the same file.
      await server.answer(values('SELECT vec_distance_l2(?1, ?1)', [blob]), undefined)
      assert.deepEqual(await server.answer(values(SEARCH, [blob]), undefined), expected)
    })
  })

  for (const { name, declaration, sql, given, of } of [
    {
      name: 'a filter in JSON',
      declaration: '',
      sql: SEARCH.replace('LIMIT', 'AND filter = ? LIMIT'),
      given: [blob, '{"lang": "de"}'],
      of: (row: Row) => row.lang === 'de',
    },
    {
      name: 'a condition on a declared column',
      declaration: ", lang TEXT FROM '$.lang'",
      sql: SEARCH.replace('LIMIT', "AND lang = 'de' LIMIT"),
      given: [blob],
      of: (row: Row) => row.lang === 'de',
    },
    {
      name: 'a cover tree',
      declaration: ', index=cover',
      sql: SEARCH,
      given: [blob],
      of: () => true,
    },
  ]) {
    test(`${name} is right at the first call, and at the next ones`, async () => {
      await inBrowser(async server => {
        await fill(server, declaration, rows)
        const expected = nearest(rows.filter(of), query, 10)
        for (let i = 0; i < 3; i++)
          assert.deepEqual(await server.answer(values(sql, given), undefined), expected)
      })
    })
  }

  test('a call that fails by itself is not run again because it would have liked later code', async () => {
    await inBrowser(async (server, { isWanted }) => {
      await fill(server, ", lang TEXT FROM '$.lang'", rows)
      const english = rows.filter(({ lang }) => lang === 'en')
      const [first, second, third] = nearest(english, query, 3)
      await server.answer(run(`CREATE TABLE t(x CHECK (x <> '${third}'))`), undefined)
      assert.equal(isWanted(), false)
      // OR FAIL keeps the rows before the one that fails.
      const sql = `INSERT OR FAIL INTO t ${SEARCH.replace('LIMIT', "AND lang = 'en' LIMIT")}`
      await refusedLater(server.answer(run(sql, [blob]), undefined), 'SQLITE_CONSTRAINT', /t/)
      assert.equal(isWanted(), true)
      assert.deepEqual(await server.answer(values('SELECT x FROM t'), undefined), [first, second])
    })
  })

  test('a table with texts is created, written, searched, renamed and dropped', async () => {
    await inBrowser(async server => {
      await fill(server, ', text=content', rows.slice(0, 100))
      const words =
        "SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH vec_text('42') LIMIT 1"
      assert.deepEqual(await server.answer(values(words), undefined), ['doc 42'])
      await server.answer(run('ALTER TABLE docs RENAME TO notes'), undefined)
      await server.answer(run('DROP TABLE notes'), undefined)
      const left =
        "SELECT count(*) FROM sqlite_schema WHERE tbl_name LIKE '\\_vec\\_%\\_text%' ESCAPE '\\'"
      assert.deepEqual(await server.answer(values(left), undefined), [0])
    })
  })

  test('a filter of search() is right at the first call', async () => {
    await inBrowser(async server => {
      await fill(server, '', rows)
      const page = (await server.answer(
        {
          op: 'search',
          table: 'docs',
          dataset: 'd',
          query: { vector: query, k: 10, filter: { lang: 'de' } },
        },
        undefined,
      )) as { hits: { id: string }[] }
      assert.deepEqual(
        page.hits.map(({ id }) => id),
        nearest(
          rows.filter(({ lang }) => lang === 'de'),
          query,
          10,
        ),
      )
    })
  })
})
