import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { Project } from './project.ts'
import { tools as installed } from './tools.ts'

const { VERSIONS } = installed

const RUNTIMES: Readonly<Record<string, { tool?: string; command: string }>> = {
  'Node 20': { command: `"${process.execPath}"` },
  'Node 22': { tool: 'node-22', command: 'node_modules/node-22/bin/node' },
  'Node 24': { tool: 'node-24', command: 'node_modules/node-24/bin/node' },
  'Node 26': { tool: 'node-26', command: 'node_modules/node-26/bin/node' },
  Bun: { tool: 'bun', command: 'npx bun' },
  Deno: { tool: 'deno', command: 'npx deno run --allow-all --node-modules-dir=manual' },
}

/** Writes, searches against double precision, closes, and finds the same in the file again. */
const PROGRAM = `
import { encodeEmbedding, insertMany, open } from 'sqlite-vec-ts'
import { rmSync } from 'node:fs'
const path = process.argv[2]
rmSync(path, { force: true })
let seed = 11
const random = () => ((seed = (Math.imul(seed, 1664525) + 1013904223) | 0) >>> 8) / 2 ** 24 - 0.5
const vector = () => Float32Array.from({ length: 32 }, random)
const rows = Array.from({ length: 3000 }, vector)
const query = vector()
const cosine = row => {
  let dot = 0, a = 0, b = 0
  for (let d = 0; d < 32; d++) { dot += row[d] * query[d]; a += row[d] ** 2; b += query[d] ** 2 }
  return dot / Math.sqrt(a * b)
}
const expected = rows.map((row, i) => [cosine(row), String(i)]).sort(([a], [b]) => b - a).slice(0, 10).map(([, id]) => id).join()
const search = db => db.prepare("SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? LIMIT 10").pluck().all(encodeEmbedding(query)).join()
const db = await open(path)
db.exec('PRAGMA journal_mode = WAL; CREATE VIRTUAL TABLE docs USING vec(doc_id)')
insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows.map((row, i) => ['d', String(i), encodeEmbedding(row)]))
const first = search(db)
db.close()
const again = await open(path, { readonly: true })
const reopened = search(again)
const sound = again.prepare('PRAGMA integrity_check').pluck().get()
again.close()
console.log(first === expected && reopened === expected ? 'exact' : 'wrong', sound)`

describe('docs/runtimes/versions.md', () => {
  const page = readFileSync('docs/runtimes/versions.md', 'utf8')
  const tools = Object.values(RUNTIMES).flatMap(({ tool }) => tool ?? [])
  const project = new Project('koffi', ...tools)
  after(() => project[Symbol.dispose]())
  project.write('program.mjs', PROGRAM)

  test('the table names the workerd that edge.test.ts runs', () => {
    assert.ok(page.includes(`| workerd (Cloudflare Workers) | ${VERSIONS['workerd']} |`))
  })

  for (const [name, { command }] of Object.entries(RUNTIMES)) {
    test(`${name} finds what double precision finds, in a file that it closed and opened again`, t => {
      const version = project.shell(`${command.replace(/ run .*/, '')} --version`)
      const [number] = /\d+\.\d+\.\d+/.exec(version) ?? ['']
      t.diagnostic(number)
      // The Node that runs the tests may be any later release of its line.
      const inTable = name === 'Node 20' ? '| Node | 20.' : `| ${name.split(' ')[0]} | ${number} |`
      assert.ok(page.includes(inTable), `the table of docs/runtimes/versions.md lacks ${inTable}`)
      const file = `${name.replace(' ', '-')}.sqlite`
      assert.equal(project.shell(`${command} program.mjs ${file}`), 'exact ok')
    })
  }
})
