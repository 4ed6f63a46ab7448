import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockSupport } from '../../src/entries/engine.ts'
import { encodeEmbedding, open, type Connection } from '../../src/entries/main.ts'
import { openNative, type NativeDatabase } from '../native-sqlite.ts'
import { seededTest } from '../seed.ts'
import { Random } from '../vec/random.ts'
import { Oracle, reciprocal, type Ranked, type Row } from './oracle.ts'

const seeded = seededTest('VEC_SEED')
const STEPS = 200
const DIM = 6
const WORDS = ['fox', 'foxes', 'whale', 'running', 'run', 'red', 'Größe', 'grosse', 'x', 'common']
const wal = (await lockSupport()).kind === 'ofd'

/** The connections that write and search: two of ours and a native one on the same file. */
interface World {
  readonly r: Random
  readonly ours: readonly Connection[]
  readonly reader: Connection
  readonly other: NativeDatabase | undefined
}

for (const journal of ['DELETE', 'WAL']) {
  for (const tokenizer of ['unicode61', 'porter', 'trigram']) {
    const skip = journal === 'WAL' && !wal && 'a WAL file of several connections needs OFD locks'
    seeded(
      `ranks by text, vector and both are those of FTS5 and brute force: ${tokenizer}, ${journal}`,
      { skip },
      async () => {
        const r = new Random(journal.length * 10 + tokenizer.length)
        const folder = mkdtempSync(join(tmpdir(), 'hybrid-model-'))
        const path = join(folder, 'docs.db')
        const one = await open(path)
        one.exec(
          `PRAGMA journal_mode = ${journal}; PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF`,
        )
        one.exec(
          `CREATE VIRTUAL TABLE docs USING vec(doc_id, title TEXT, text="title,content", tokenize=${tokenizer})`,
        )
        const two = await open(path)
        const reader = await open(path, { readonly: true })
        two.exec('PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF')
        reader.exec('PRAGMA busy_timeout = 0')
        const other = wal ? openNative(path, { timeout: 0 }) : undefined
        const world: World = { r, ours: [one, two], reader, other }
        try {
          for (let i = 0; i < 40; i++) write(world, one)
          for (let step = 0; step < STEPS; step++) {
            change(world)
            const asked = r.pick([one, two, reader])
            await compare(world, asked, tokenizer, `step ${step}`)
          }
          for (const db of [one, two]) if (db.inTransaction) db.exec('ROLLBACK')
          await compare(world, one, tokenizer, 'at the end')
          const wrong = one
            .prepare("SELECT op FROM vec_admin WHERE op MATCH 'check:docs:' AND severity = 'error'")
            .all()
          assert.deepEqual(wrong, [])
        } finally {
          other?.close()
          for (const db of [one, two, reader]) db.close()
          rmSync(folder, { recursive: true })
        }
      },
    )
  }
}

function text(r: Random): string | null {
  if (r.chance(0.05)) return null
  return Array.from({ length: 1 + r.below(6) }, () => r.pick(WORDS)).join(' ')
}

function write({ r }: World, db: Connection | NativeDatabase): void {
  const key = [r.pick(['a', 'a', 'b']), `d${r.below(60)}`]
  const meta = JSON.stringify({ lang: r.pick(['en', 'de']) })
  const vector = r.chance(0.1) ? null : encodeEmbedding(r.vector(DIM))
  const rowid = r.pick(['', '', '', ', rowid'])
  const place = rowid === '' ? [] : [1 + r.below(70)]
  db.prepare(
    `INSERT OR REPLACE INTO _vec_docs(dataset_id, id, content, title, meta, embedding, archived${rowid})
     VALUES (?, ?, ?, ?, ?, ?, ?${rowid === '' ? '' : ', ?'})`,
  ).run(...key, text(r), text(r), meta, vector, r.chance(0.1) ? 1 : 0, ...place)
}

/** One write or one step of a transaction. Locks of the other connections refuse some of them. */
function change(world: World): void {
  const { r, ours, other } = world
  const db = r.pick(ours)
  const id = `d${r.below(60)}`
  const statements: readonly (() => unknown)[] = [
    () => write(world, db),
    () => write(world, db),
    () => other && write(world, other),
    () => other?.prepare('UPDATE _vec_docs SET content = ? WHERE id = ?').run(text(r), id),
    () => other?.prepare('DELETE FROM _vec_docs WHERE id = ?').run(id),
    () => db.prepare('UPDATE _vec_docs SET title = ? WHERE id = ?').run(text(r), id),
    () =>
      db
        .prepare("UPDATE docs SET content = ? WHERE dataset_id = 'a' AND doc_id = ?")
        .run(text(r), id),
    () => db.prepare("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = ?").run(id),
    () => db.exec(`UPDATE OR REPLACE _vec_docs SET rowid = ${1 + r.below(70)} WHERE id = '${id}'`),
    () => db.exec(db.inTransaction ? r.pick(['COMMIT', 'ROLLBACK']) : 'BEGIN'),
    () => db.exec(db.inTransaction ? 'SAVEPOINT s' : 'BEGIN IMMEDIATE'),
    () => db.inTransaction && db.exec('ROLLBACK TO s'),
    () => db.exec(r.chance(0.3) ? 'VACUUM' : 'SELECT 1'),
    () => db.exec("INSERT INTO docs(docs) VALUES ('rebuild')"),
  ]
  try {
    r.pick(statements)()
  } catch (error) {
    const { code } = error as { code?: string }
    const expected = /^SQLITE_(BUSY|LOCKED)/.test(code ?? '')
    const refused = /no such savepoint|cannot VACUUM/.test(String(error))
    if (!expected && !refused) throw error
  }
}

async function compare(
  { r }: World,
  db: Connection,
  tokenizer: string,
  where: string,
): Promise<void> {
  const own = !db.inTransaction
  let rows: Row[]
  try {
    if (own) db.exec('BEGIN')
    rows = rowsOf(db)
  } catch (error) {
    if (own && db.inTransaction) db.exec('ROLLBACK')
    assert.match(String((error as { code?: string }).code), /^SQLITE_(BUSY|LOCKED)/)
    return
  }
  const oracle = await Oracle.of(rows, tokenizer === 'porter' ? 'porter unicode61' : tokenizer)
  try {
    for (const filtered of [false, true]) compareOnce(r, db, oracle, tokenizer, filtered, where)
  } finally {
    oracle.close()
    // Outside of a transaction the text index may be brought up to date in the file.
    if (own) db.exec('COMMIT')
  }
  if (own && r.chance(0.7)) {
    db.prepare(
      "SELECT count(*) FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_text('fox')",
    ).get()
  }
}

function compareOnce(
  r: Random,
  db: Connection,
  oracle: Oracle,
  tokenizer: string,
  filtered: boolean,
  where: string,
): void {
  const dataset = r.pick(['a', 'b'])
  const words = [...new Set([r.pick(WORDS), r.pick(WORDS)].map(word => word.toLowerCase()))]
  const query = r.vector(DIM)
  const known = tokenizer === 'trigram' ? words.filter(word => word.length > 2) : words
  const expression = known.map(word => `"${word}"`).join(' OR ')
  const wanted = (row: Row): boolean => !filtered || row.lang === 'en'
  const inText = expression === '' ? [] : oracle.text(dataset, expression, wanted)
  const limit = 1 + r.below(12)
  const filter = filtered ? `AND filter = '{"lang": "en"}'` : ''
  const ask = (match: string, ...values: unknown[]): unknown[] =>
    db
      .prepare(
        `SELECT doc_id AS id, dataset_id AS dataset, match_score AS score FROM docs
         WHERE dataset_id = ? AND docs MATCH ${match} AND k = ? ${filter}`,
      )
      .all(dataset, ...(values as string[]), limit)
  const said = words.join(' ')
  assert.deepEqual(ask('vec_text(?)', said), inText.slice(0, limit), `${where}: text '${said}'`)
  if (query.every(x => x === 0)) return
  const near = oracle.vector(dataset, query, wanted)
  const fused = reciprocal(near, inText, { window: 20, k: 60, limit })
  const given = ask(`vec_hybrid(?, ?, '{"window": 20}')`, encodeEmbedding(query), said) as Ranked[]
  assert.deepEqual(given, fused, `${where}: hybrid '${said}'`)
}

function rowsOf(db: Connection): Row[] {
  const rows = db
    .prepare(
      `SELECT dataset_id, id, content, title, meta ->> '$.lang' AS lang, embedding FROM _vec_docs WHERE archived = 0`,
    )
    .all() as {
    dataset_id: string
    id: string
    content: string | null
    title: string | null
    lang: string | null
    embedding: Uint8Array | null
  }[]
  return rows.map(({ dataset_id, id, content, title, lang, embedding }) => ({
    dataset: dataset_id,
    id,
    content,
    title,
    lang,
    vector: embedding
      ? new Float32Array(embedding.buffer, embedding.byteOffset, embedding.length / 4)
      : undefined,
  }))
}
