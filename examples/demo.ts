// English words and dictionary definitions in one SQLite file, searched through SQL: `npm run demo [-- text to look for]`.
// The first run builds the file from what npm packages ship; later runs open it.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { cachePath } from '../bench/data/cache.ts'
import { loadDefinitions, TextEmbedder } from '../bench/data/definitions.ts'
import { loadWordVectors, WORD_DIM, type WordVectors } from '../bench/data/word-vectors.ts'
import { summarize, time } from '../bench/measure.ts'
import { openSqliteVec } from '../bench/peers/native.ts'
import { Progress } from '../bench/progress.ts'
import { milliseconds } from '../bench/report.ts'
import { encodeEmbedding, insertMany, open, type Connection, type InsertRow } from '../src/main.ts'

const path = cachePath('demo.sqlite')
const COLUMNS = ['dataset_id', 'id', 'content', 'meta', 'embedding']

const source = loadWordVectors()
const embedder = new TextEmbedder(source)
const built = existsSync(path)
if (!built) await build(source)
const start = performance.now()
const db = await open(path)
const rows = db.prepare(
  'SELECT (SELECT count(*) FROM _vec_words) + (SELECT count(*) FROM _vec_definitions)',
)
console.log(
  `${built ? 'opened' : 'built'} ${path}: ${String(rows.pluck().get())} rows, opened in ${milliseconds(performance.now() - start)}\n`,
)

const text = process.argv.slice(2).join(' ')
if (text === '') {
  for (const word of ['guitar', 'copenhagen', 'photosynthesis']) words(word)
  for (const question of ['a place where books are kept', 'to run very fast']) definitions(question)
  compare()
} else {
  if (!text.includes(' ')) words(text.toLowerCase())
  definitions(text)
}
db.close()

/** Under another name until it is complete: an interrupted run leaves no half file. */
async function build(vectors: WordVectors): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const part = `${path}.part`
  for (const suffix of ['', '-journal']) rmSync(part + suffix, { force: true })
  const made = await open(part)
  made.exec('CREATE VIRTUAL TABLE words USING vec(word)')
  made.exec('CREATE VIRTUAL TABLE definitions USING vec(sense)')
  insertMany(made, '_vec_words', COLUMNS, wordRows(vectors))
  insertMany(made, '_vec_definitions', COLUMNS, definitionRows())
  // The first search builds an index, closing saves it.
  const query = embedder.embed('music')!
  for (const table of ['words', 'definitions']) nearest(made, table, 1).all(encodeEmbedding(query))
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

function nearest(on: Connection, table: string, limit: number): ReturnType<Connection['prepare']> {
  const column = table === 'words' ? 'word' : 'sense'
  return on.prepare(
    `SELECT ${column} AS id, match_score AS score, content FROM ${table}
     WHERE dataset_id = 'en' AND ${column} MATCH ? ORDER BY match_score DESC LIMIT ${limit}`,
  )
}

interface Hit {
  readonly id: string
  readonly score: number
  readonly content: string | null
}

function show(title: string, run: () => unknown[]): void {
  let hits: Hit[] = []
  const first = time(() => (hits = run() as Hit[]))
  const warm = summarize(Array.from({ length: 20 }, () => time(run))).median
  console.log(`${title}   (first ${milliseconds(first)}, then ${milliseconds(warm)})`)
  for (const { id, score, content } of hits) {
    console.log(`  ${score.toFixed(4)}  ${id}${content === null ? '' : `: ${content}`}`)
  }
  console.log()
}

function words(word: string): void {
  const vector = db.prepare("SELECT embedding FROM _vec_words WHERE dataset_id = 'en' AND id = ?")
  const embedding = vector.pluck().get(word) as Uint8Array | undefined
  if (!embedding) {
    console.log(`the word '${word}' is not among the ${source.words.length} of the package\n`)
    return
  }
  const statement = nearest(db, 'words', 6)
  show(`words near '${word}'`, () => statement.all(embedding))
}

function definitions(question: string): void {
  const embedding = embedder.embed(question)
  if (!embedding) {
    console.log(`no word of '${question}' is known\n`)
    return
  }
  const all = nearest(db, 'definitions', 5)
  show(`definitions near '${question}'`, () => all.all(embedding))
  const verbs = db.prepare(
    `SELECT sense AS id, match_score AS score, content FROM definitions
     WHERE dataset_id = 'en' AND sense MATCH ? AND k = 5
       AND sense IN (SELECT id FROM _vec_definitions WHERE json_extract(meta, '$.pos') = 'verb')`,
  )
  show(`the same, verbs only: a filter before the search`, () => verbs.all(embedding))
}

/** The same search in sqlite-vec, the native extension, where it is installed. */
function compare(): void {
  const peer = openSqliteVec(':memory:')
  if (!peer) {
    console.log('sqlite-vec and better-sqlite3 are not installed: no comparison')
    return
  }
  peer.exec(
    `CREATE VIRTUAL TABLE words USING vec0(embedding float[${WORD_DIM}] distance_metric=cosine)`,
  )
  const insert = peer.prepare('INSERT INTO words(rowid, embedding) VALUES (?, ?)')
  const progress = new Progress('loading sqlite-vec', source.words.length)
  peer.transaction(() => {
    source.words.forEach((_, i) => {
      progress.update(i)
      insert.run(BigInt(i + 1), source.vectors.subarray(i * WORD_DIM, (i + 1) * WORD_DIM))
    })
  })()
  progress.end()
  const query = embedder.embed('guitar')!
  const theirs = peer.prepare('SELECT rowid FROM words WHERE embedding MATCH ? AND k = 6')
  const ours = nearest(db, 'words', 6)
  const own: number[] = []
  const other: number[] = []
  for (let i = 0; i < 20; i++) {
    other.push(time(() => theirs.all(query)))
    for (let j = 0; j < 5; j++) own.push(time(() => ours.all(query)))
  }
  const [a, b] = [summarize(own).median, summarize(other).median]
  console.log(
    `words near 'guitar' here: ${milliseconds(a)}, in sqlite-vec: ${milliseconds(b)}: ${(b / a).toFixed(1)} times as fast`,
  )
  peer.close()
}
