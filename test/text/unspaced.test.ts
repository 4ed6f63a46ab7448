import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { Random } from '../vec/random.ts'

const seeded = seededTest('VEC_SEED')

async function shelf(texts: Readonly<Record<string, string>>, tokenize = 'unicode61') {
  const db = await open(':memory:')
  db.exec(
    `CREATE VIRTUAL TABLE docs USING vec(doc_id, title TEXT, text="title,content", tokenize=${tokenize})`,
  )
  const insert = db.prepare("INSERT INTO _vec_docs(dataset_id, id, content) VALUES ('a', ?, ?)")
  for (const [id, text] of Object.entries(texts)) insert.run(id, text)
  return db
}

function found(db: Connection, text: string, options = '{}'): unknown[] {
  return db
    .prepare(
      "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_text(?, ?) ORDER BY doc_id",
    )
    .pluck()
    .all(text, options)
}

test('words are found inside of texts without spaces', async () => {
  const db = await shelf({
    ja: '東京都に住んでいます。コーヒーが好きです。',
    zh: '北京是中国的首都，有3个机场',
    ko: '학교에서 공부합니다',
    th: 'ประเทศไทย',
    mixed: 'iPhone15を東京で買う',
    en: 'the capital of Japan is Tokyo',
  })
  assert.deepEqual(found(db, '東京'), ['ja', 'mixed'])
  assert.deepEqual(found(db, '東京都', '{"syntax": "all"}'), ['ja'])
  assert.deepEqual(found(db, '首都'), ['zh'])
  assert.deepEqual(found(db, '국'), [])
  assert.deepEqual(found(db, '학교'), ['ko'])
  assert.deepEqual(found(db, 'ไทย'), ['th'])
  assert.deepEqual(found(db, 'iphone15'), ['mixed'])
  assert.deepEqual(found(db, '买'), [])
  assert.deepEqual(found(db, '買'), ['mixed'])
  assert.deepEqual(found(db, 'コーヒー豆'), ['ja'])
  assert.deepEqual(found(db, '京東'), [])
  assert.deepEqual(found(db, '"東 京" NOT iphone15', '{"syntax": "fts5"}'), ['ja'])
  assert.deepEqual(found(db, 'tokyo 首都'), ['en', 'zh'])
  db.close()
})

test('changed, hidden and deleted texts of such scripts are followed', async () => {
  const db = await shelf({ a: '東京都', b: '京都市' }, 'porter')
  assert.deepEqual(found(db, '京都'), ['a', 'b'])
  db.exec("UPDATE _vec_docs SET content = 'running in 大阪市' WHERE id = 'a'")
  assert.deepEqual(found(db, '京都'), ['b'])
  assert.deepEqual(found(db, '大阪 run', '{"syntax": "all"}'), ['a'])
  db.exec("UPDATE _vec_docs SET title = '横浜', content = NULL WHERE id = 'b'")
  assert.deepEqual(found(db, '横浜'), ['b'])
  assert.deepEqual(found(db, '京都'), [])
  db.exec("UPDATE _vec_docs SET archived = 1 WHERE id = 'b'")
  assert.deepEqual(found(db, '横浜'), [])
  db.exec("DELETE FROM _vec_docs WHERE id = 'a'")
  assert.deepEqual(found(db, '大阪'), [])
  const wrong = db.prepare(
    "SELECT op FROM vec_admin WHERE op MATCH 'check:docs:' AND severity = 'error'",
  )
  assert.deepEqual(wrong.all(), [])
  db.close()
})

test('trigram finds a run of three letters or more as it stands', async () => {
  const db = await shelf({ a: '東京都に住む' }, 'trigram')
  assert.deepEqual(found(db, '京都に'), ['a'])
  assert.deepEqual(found(db, '東京'), [])
  db.close()
})

seeded('two letters are found exactly where they are neighbors', async () => {
  const r = new Random(11)
  const letters = ['東', '京', '都', 'の', 'ア', '학', 'ก']
  const others = ['x', 'fox ', ' ', '1']
  const texts: Record<string, string> = {}
  // More rows than are read at once.
  for (let i = 0; i < 1300; i++) {
    texts[`d${i}`] = Array.from({ length: 1 + r.below(8) }, () =>
      r.pick(r.chance(0.8) ? letters : others),
    ).join('')
  }
  const db = await shelf(texts)
  for (const a of letters) {
    for (const b of letters) {
      const expected = Object.keys(texts)
        .filter(id => texts[id].replaceAll(' ', '').includes(a + b))
        .toSorted()
      assert.deepEqual(found(db, a + b), expected, a + b)
    }
  }
  db.close()
})
