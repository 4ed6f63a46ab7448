import { insertMany, open, type Connection, type InsertRow } from '../../src/entries/main.ts'
import { loadDefinitions, type Definition } from '../data/definitions.ts'
import { TextEmbedder } from '../data/text-embedder.ts'
import { loadWordVectors } from '../data/word-vectors.ts'
import { interleave, summarize, time, type Contender, type Times } from '../measure.ts'
import { openSqliteVec, type NativeDatabase } from '../peers/native.ts'
import { milliseconds, type Finding } from '../report.ts'
import { spread } from './search.ts'
import { freshFile } from './tables.ts'

/** Rows of each ranking that are fused. */
const WINDOW = 50
const QUERIES = 200
const INSERTS = 1000
const COLUMNS = ['dataset_id', 'id', 'content', 'embedding']
const FREQUENT = 0.1

interface Query {
  readonly text: string
  readonly vector: Float32Array
  /** For FTS5: its words without the frequent ones, as a hybrid search leaves them out. */
  readonly words: string
}

interface Documents {
  readonly list: readonly Definition[]
  readonly vectors: readonly Float32Array[]
}

/** Searches by vector, by words and by both over dictionary definitions, and what the text index costs a writer. */
export async function hybridCase(rounds: number): Promise<Finding[]> {
  const embedder = new TextEmbedder(loadWordVectors())
  const list = loadDefinitions().filter(({ text }) => embedder.embed(text))
  const documents = { list, vectors: list.map(({ text }) => embedder.embed(text)!) }
  const db = await open(freshFile('hybrid.sqlite'))
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content)')
  db.exec('CREATE VIRTUAL TABLE plain USING vec(doc_id)')
  for (const table of ['docs', 'plain']) insertMany(db, `_vec_${table}`, COLUMNS, rows(documents))
  db.exec(`CREATE VIRTUAL TABLE words USING fts5(content, content='', contentless_delete=1);
    INSERT INTO words(rowid, content) SELECT rowid, content FROM _vec_docs;
    INSERT INTO words(words) VALUES ('optimize')`)
  const asText = db
    .prepare(
      "SELECT doc_id FROM docs WHERE dataset_id = 'en' AND docs MATCH vec_text(?) AND k = 50",
    )
    .pluck()
  const filled = time(() => asText.all('valve'))
  const queries = queriesOf(documents, db)
  const native = nativeFile(documents)
  const findings = [
    ...searches(db, native, queries, rounds),
    answers(db, queries),
    inserts(db, documents),
    {
      what: 'first text search: the text index filled from the table',
      ours: milliseconds(filled),
      peer: '',
      ratio: '',
      floor: '',
      met: undefined,
    },
  ]
  native?.close()
  db.close()
  return findings
}

function* rows({ list, vectors }: Documents): Generator<InsertRow> {
  for (const [i, { id, text }] of list.entries()) yield ['en', id, text, vectors[i]]
}

/** The beginnings of definitions spread over the dictionary, as somebody would type them. */
function queriesOf({ list, vectors }: Documents, db: Connection): Query[] {
  const count = db
    .prepare('SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)')
    .pluck()
  const many = Math.floor(list.length * FREQUENT)
  return Array.from({ length: QUERIES }, (_, i) => {
    const at = Math.floor(((i + 0.5) * list.length) / QUERIES)
    const text = list[at].text.split(' ').slice(0, 6).join(' ')
    const all = [...new Set(text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [])]
    const rare = all.filter(word => (count.get(`"${word}"`, many + 1) as number) <= many)
    const wanted = rare.length > 0 ? rare : all
    return { text, vector: vectors[at], words: wanted.map(word => `"${word}"`).join(' OR ') }
  })
}

function searches(
  db: Connection,
  native: NativeDatabase | undefined,
  queries: readonly Query[],
  rounds: number,
): Finding[] {
  const at = (i: number): Query => queries[i % queries.length]
  const vector = db
    .prepare(
      `SELECT doc_id FROM plain WHERE dataset_id = 'en' AND doc_id MATCH ? AND k = ${WINDOW}`,
    )
    .pluck()
  const words = db
    .prepare(`SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ${WINDOW}`)
    .pluck()
  // FTS5 sorts all matches for `ORDER BY rank`; SQLite keeps the best ones of an expression.
  const kept = db
    .prepare(`SELECT rowid FROM words WHERE words MATCH ? ORDER BY +rank LIMIT ${WINDOW}`)
    .pluck()
  const hybrid = db.prepare(HYBRID).pluck()
  const contenders: Contender[] = [
    { name: 'vector', perRound: 20, run: i => vector.all(at(i).vector) },
    { name: 'words', perRound: 20, run: i => words.all(at(i).words) },
    { name: 'kept', perRound: 20, run: i => kept.all(at(i).words) },
    { name: 'hybrid', perRound: 20, run: i => hybrid.all(at(i).vector, at(i).text) },
  ]
  if (native) {
    const both = native.prepare(NATIVE_HYBRID).raw()
    contenders.push({
      name: 'native',
      perRound: 2,
      run: i => both.all(at(i).vector, at(i).words),
    })
  }
  // Once each before: caches, and which words are frequent.
  for (const contender of contenders) contender.run(0)
  for (let i = 0; i < queries.length; i++) hybrid.all(at(i).vector, at(i).text)
  const times = interleave(contenders, rounds)
  const own = times.get('hybrid')!
  const vectorAlone = times.get('vector')!.median
  const ratio = own.median / (vectorAlone + times.get('words')!.median)
  const overKept = own.median / (vectorAlone + times.get('kept')!.median)
  return [
    {
      what: `hybrid search, 10 of ${WINDOW} by vector and ${WINDOW} by words, 117k definitions: over both alone`,
      ours: spread(own),
      peer: `vector alone ${of(times, 'vector')}, FTS5 alone ${of(times, 'words')}, with ORDER BY +rank ${of(times, 'kept')}`,
      ratio: `${ratio.toFixed(2)}x, of the faster form ${overKept.toFixed(2)}x`,
      floor: '1.3x',
      met: ratio <= 1.3,
    },
    ...nativeFinding(own, times.get('native')),
  ]
}

function of(times: ReadonlyMap<string, Times>, name: string): string {
  return milliseconds(times.get(name)!.median)
}

function nativeFinding(own: Times, native: Times | undefined): Finding[] {
  if (!native) return []
  return [
    {
      what: 'the same, against sqlite-vec and FTS5 in one statement of better-sqlite3',
      ours: milliseconds(own.median),
      peer: `sqlite-vec with FTS5 ${spread(native)}`,
      ratio: `${(native.median / own.median).toFixed(1)}x faster`,
      floor: '',
      met: undefined,
    },
  ]
}

const HYBRID = `SELECT doc_id FROM docs WHERE dataset_id = 'en' AND docs MATCH vec_hybrid(?, ?, '{"window": ${WINDOW}}') AND k = 10`

/** Reciprocal ranks in SQL, as sqlite-vec's documentation does it. */
const NATIVE_HYBRID = `WITH
  v AS MATERIALIZED (SELECT rowid AS id, row_number() OVER (ORDER BY distance) AS r
    FROM vectors WHERE embedding MATCH ? AND k = ${WINDOW}),
  t AS MATERIALIZED (SELECT rowid AS id, row_number() OVER (ORDER BY rank) AS r
    FROM (SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ${WINDOW}))
  SELECT id, sum(w) AS score FROM (SELECT id, 1.0 / (60 + r) AS w FROM v UNION ALL SELECT id, 1.0 / (60 + r) FROM t)
  GROUP BY id ORDER BY score DESC LIMIT 10`

function nativeFile({ list, vectors }: Documents): NativeDatabase | undefined {
  const native = openSqliteVec(freshFile('hybrid-peer.sqlite'))
  if (!native) return undefined
  native.exec(`CREATE VIRTUAL TABLE vectors USING vec0(embedding float[100] distance_metric=cosine);
    CREATE VIRTUAL TABLE words USING fts5(content, content='', contentless_delete=1)`)
  const vector = native.prepare('INSERT INTO vectors(rowid, embedding) VALUES (?, ?)')
  const words = native.prepare('INSERT INTO words(rowid, content) VALUES (?, ?)')
  native.transaction(() => {
    for (const [i, { text }] of list.entries()) {
      vector.run(BigInt(i + 1), vectors[i])
      words.run(i + 1, text)
    }
  })()
  native.exec("INSERT INTO words(words) VALUES ('optimize')")
  return native
}

/** The fused rows beside those that SQL makes of the two rankings. */
function answers(db: Connection, queries: readonly Query[]): Finding {
  const hybrid = db.prepare(HYBRID).pluck()
  const fused = db
    .prepare(
      `WITH v AS MATERIALIZED (SELECT doc_id AS id, row_number() OVER (ORDER BY match_score DESC, doc_id) AS r
         FROM plain WHERE dataset_id = 'en' AND doc_id MATCH ?1 AND k = ${WINDOW}),
       t AS MATERIALIZED (SELECT d.id, row_number() OVER (ORDER BY f.rank, d.id) AS r
         FROM (SELECT rowid, rank FROM words WHERE words MATCH ?2) f JOIN _vec_docs d ON d.rowid = f.rowid)
       SELECT id FROM (SELECT id, 1.0 / (60 + r) AS w FROM v
         UNION ALL SELECT id, 1.0 / (60 + r) FROM t WHERE r <= ${WINDOW})
       GROUP BY id ORDER BY sum(w) DESC, id LIMIT 10`,
    )
    .pluck()
  const equal = queries.filter(
    ({ vector, text, words }) =>
      JSON.stringify(hybrid.all(vector, text)) === JSON.stringify(fused.all(vector, words)),
  ).length
  return {
    what: 'hybrid answers equal to both rankings fused in SQL',
    ours: `${equal} of ${queries.length}`,
    peer: '',
    ratio: '',
    floor: 'all',
    met: equal === queries.length,
  }
}

/** Single inserts in autocommit, without waiting for the disk, which would hide all else. */
function inserts(db: Connection, { list, vectors }: Documents): Finding {
  db.exec('PRAGMA synchronous = OFF')
  const into = (table: string): ((i: number) => void) => {
    const insert = db.prepare(
      `INSERT INTO _vec_${table}(dataset_id, id, content, embedding) VALUES ('en', ?, ?, ?)`,
    )
    return i => {
      insert.run(`new ${i}`, list[i].text, vectors[i])
    }
  }
  const contenders: Contender[] = [
    { name: 'with', perRound: 10, run: into('docs') },
    { name: 'without', perRound: 10, run: into('plain') },
  ]
  const times = interleave(contenders, INSERTS / 10)
  const search = db
    .prepare(
      "SELECT doc_id FROM docs WHERE dataset_id = 'en' AND docs MATCH vec_text('valve') AND k = 10",
    )
    .pluck()
  const caughtUp = time(() => search.all())
  const insert = into('docs')
  const quiet: number[] = []
  const both: number[] = []
  for (let i = 0; i < 100; i++) {
    quiet.push(time(() => search.all()))
    both.push(
      time(() => {
        insert(INSERTS + i)
        search.all()
      }),
    )
  }
  db.exec('PRAGMA synchronous = FULL')
  const ratio = times.get('with')!.median / times.get('without')!.median
  const after = `a search by words after ${INSERTS} of them ${milliseconds(caughtUp)}, after one ${milliseconds(summarize(both).median)}, quiet ${milliseconds(summarize(quiet).median)}`
  return {
    what: 'one insert into a table with a text index, fsync aside: over one without',
    ours: `${of(times, 'with')}; ${after}`,
    peer: `without ${of(times, 'without')}`,
    ratio: `${ratio.toFixed(2)}x`,
    floor: '3x',
    met: ratio <= 3,
  }
}
