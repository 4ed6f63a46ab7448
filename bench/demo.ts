// English words and dictionary definitions in one SQLite file, searched through SQL:
// `npm run demo [-- --file path] [-- text to look for]`. The first run builds the file from what npm packages ship, later
// ones open it. Where sqlite-vec and better-sqlite3 are installed, the same searches are timed there.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { insertMany, open, type InsertRow } from '../src/entries/main.ts'
import { cachePath } from './data/cache.ts'
import { loadDefinitions } from './data/definitions.ts'
import { TextEmbedder } from './data/text-embedder.ts'
import { loadWordVectors, WORD_DIM, type WordVectors } from './data/word-vectors.ts'
import { openPeer } from './demo-peer.ts'
import { summarize, time } from './measure.ts'
import { Progress } from './progress.ts'
import { milliseconds } from './report.ts'

/** Counts up when the rows of the file are made differently. */
const FILE_VERSION = 4
const COLUMNS = ['dataset_id', 'id', 'content', 'meta', 'embedding']

const { values, positionals } = parseArgs({
  options: { file: { type: 'string', default: cachePath('demo.sqlite') } },
  allowPositionals: true,
})
const path = values.file
const text = positionals.join(' ')
const peerPath = `${path}.sqlite-vec`

const source = loadWordVectors()
const embedder = new TextEmbedder(source)
const built = existsSync(path) && (await isCurrent())
const start = performance.now()
if (!built) await build(source)
const seconds = ((performance.now() - start) / 1000).toFixed(1)
const db = await open(path)
const peer = await openPeer(peerPath, path)
const rows = db
  .prepare('SELECT (SELECT count(*) FROM _vec_words) + (SELECT count(*) FROM _vec_definitions)')
  .pluck()
console.log(`${path}: ${String(rows.get())} rows, ${built ? 'opened' : `built in ${seconds} s`}`)
if (!peer) console.log('sqlite-vec and better-sqlite3 are not installed: no comparison')
console.log()

if (text === '') {
  for (const word of ['guitar', 'copenhagen', 'photosynthesis']) words(word)
  for (const question of ['a place where books are kept', 'to run very fast']) definitions(question)
} else {
  if (!text.includes(' ')) words(text.toLowerCase())
  definitions(text)
}
db.close()
peer?.close()

async function isCurrent(): Promise<boolean> {
  const present = await open(path, { readonly: true })
  const version = present.pragma('user_version', { simple: true })
  present.close()
  return version === FILE_VERSION
}

/** Under another name until it is complete: an interrupted run leaves no half file. */
async function build(vectors: WordVectors): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const part = `${path}.part`
  for (const old of [part, `${part}-journal`, path, peerPath]) rmSync(old, { force: true })
  const made = await open(part)
  made.exec(`PRAGMA user_version = ${FILE_VERSION}`)
  made.exec('CREATE VIRTUAL TABLE words USING vec(word)')
  made.exec('CREATE VIRTUAL TABLE definitions USING vec(sense, text=content)')
  insertMany(made, '_vec_words', COLUMNS, wordRows(vectors))
  insertMany(made, '_vec_definitions', COLUMNS, definitionRows())
  // The first search builds an index, closing saves it.
  const query = embedder.embed('music')!
  for (const [table, column] of [
    ['words', 'word'],
    ['definitions', 'sense'],
  ]) {
    made.prepare(nearest(table, column, 1)).all(query)
  }
  // The first search with words fills the text index.
  made.prepare(hybrid(1)).all(query, 'music')
  made.close()
  renameSync(part, path)
}

function* wordRows({ words: list, vectors }: WordVectors): Generator<InsertRow> {
  const progress = new Progress('inserting words', list.length)
  for (let i = 0; i < list.length; i++) {
    progress.update(i)
    const meta = `{"rank":${i + 1}}`
    yield ['en', list[i], null, meta, vectors.subarray(i * WORD_DIM, (i + 1) * WORD_DIM)]
  }
  progress.end()
}

function* definitionRows(): Generator<InsertRow> {
  const list = loadDefinitions()
  const progress = new Progress('embedding definitions', list.length)
  for (const [i, { id, text: definition, lemmas, pos }] of list.entries()) {
    progress.update(i)
    const embedding = embedder.embed(`${lemmas.join(' ')} ${definition}`) ?? null
    yield ['en', id, definition, JSON.stringify({ pos, lemmas }), embedding]
  }
  progress.end()
}

function nearest(table: string, column: string, limit: number): string {
  return `SELECT ${column} AS id, match_score AS score, content FROM ${table}
    WHERE dataset_id = 'en' AND ${column} MATCH ? ORDER BY match_score DESC LIMIT ${limit}`
}

function nearestInPeer(table: string, limit: number, filter = ''): string {
  return `SELECT id, 1 - distance AS score, content FROM ${table} JOIN ${table}_documents
    ON ${table}_documents.rowid = ${table}.rowid
    WHERE embedding MATCH ? AND k = ${limit} ${filter} ORDER BY distance`
}

function hybrid(limit: number): string {
  return `SELECT sense AS id, match_score AS score, content FROM definitions
    WHERE dataset_id = 'en' AND definitions MATCH vec_hybrid(?, ?) AND k = ${limit}
    ORDER BY match_score DESC`
}

/** Reciprocal ranks of both rankings, in one statement over vec0 and FTS5. */
function hybridInPeer(limit: number): string {
  return `WITH
    v AS MATERIALIZED (SELECT rowid AS row, row_number() OVER (ORDER BY distance) AS rank
      FROM definitions WHERE embedding MATCH ? AND k = 50),
    t AS MATERIALIZED (SELECT row, row_number() OVER (ORDER BY rank) AS rank
      FROM (SELECT rowid AS row, rank FROM definitions_words WHERE definitions_words MATCH ? ORDER BY rank LIMIT 50))
    SELECT id, sum(1.0 / (60 + rank)) AS score, content
    FROM (SELECT * FROM v UNION ALL SELECT * FROM t) JOIN definitions_documents ON definitions_documents.rowid = row
    GROUP BY row ORDER BY score DESC LIMIT ${limit}`
}

interface Hit {
  readonly id: string
  readonly score: number
  readonly content: string | null
}

/** Asks once, then times both: ours five times for each time the peer is asked. */
function show(
  title: string,
  query: Uint8Array | Float32Array,
  sql: string,
  peerSql: string,
  texts: { readonly ours: readonly string[]; readonly peers: readonly string[] } = {
    ours: [],
    peers: [],
  },
): void {
  const statement = db.prepare(sql)
  let hits: Hit[] = []
  const first = time(() => (hits = statement.all(query, ...texts.ours) as Hit[]))
  const own: number[] = []
  const other: number[] = []
  const theirs = peer?.prepare(peerSql)
  for (let round = 0; round < 5; round++) {
    if (theirs) other.push(time(() => theirs.all(query, ...texts.peers)))
    for (let i = 0; i < 5; i++) own.push(time(() => statement.all(query, ...texts.ours)))
  }
  const warm = summarize(own).median
  console.log(
    `${title}   (first ${milliseconds(first)}, then ${milliseconds(warm)}${against(warm, other)})`,
  )
  for (const { id, score, content } of hits) {
    console.log(`  ${score.toFixed(4)}  ${id}${content === null ? '' : `: ${content}`}`)
  }
  console.log()
}

function against(own: number, other: readonly number[]): string {
  if (other.length === 0) return ''
  const { median } = summarize(other)
  return `; sqlite-vec ${milliseconds(median)}: ${(median / own).toFixed(1)} times as long`
}

function words(word: string): void {
  const vector = db.prepare("SELECT embedding FROM _vec_words WHERE dataset_id = 'en' AND id = ?")
  const embedding = vector.pluck().get(word) as Uint8Array | undefined
  if (!embedding) {
    console.log(`the word '${word}' is not among the ${source.words.length} of the package\n`)
    return
  }
  show(`words near '${word}'`, embedding, nearest('words', 'word', 6), nearestInPeer('words', 6))
}

function definitions(question: string): void {
  const embedding = embedder.embed(question)
  if (!embedding) {
    console.log(`no word of '${question}' is known\n`)
    return
  }
  show(
    `definitions near '${question}'`,
    embedding,
    nearest('definitions', 'sense', 5),
    nearestInPeer('definitions', 5),
  )
  show(
    'the same, verbs only: a filter before the search',
    embedding,
    `SELECT sense AS id, match_score AS score, content FROM definitions
     WHERE dataset_id = 'en' AND sense MATCH ? AND k = 5 AND filter = '{"pos": "verb"}'`,
    nearestInPeer(
      'definitions',
      5,
      `AND definitions.rowid IN (SELECT rowid FROM definitions_documents
         WHERE json_extract(meta, '$.pos') = 'verb')`,
    ),
  )
  const quoted = (question.match(/[\p{L}\p{N}]+/gu) ?? []).map(word => `"${word}"`).join(' OR ')
  show('the same by vector and words: a hybrid search', embedding, hybrid(5), hybridInPeer(5), {
    ours: [question],
    peers: [quoted],
  })
}
