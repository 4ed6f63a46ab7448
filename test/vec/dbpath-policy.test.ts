import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { open, type Connection } from '../../src/entries/main.ts'
import type { AllowDbpath } from '../../src/sqlite/allowed-files.ts'

// The schema of a file made by somebody else may name any file of this machine as dbpath.

let folder: string
let victim: string
let upload: string
const made: string[] = []
after(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true })
})

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-dbpath-'))
  made.push(folder)
  mkdirSync(join(folder, 'tenants'))
  mkdirSync(join(folder, 'uploads'))
  victim = join(folder, 'tenants', 'a.sqlite')
  upload = join(folder, 'uploads', 'upload.sqlite')
  using db = await open(victim)
  // As the original makes it: no journal, no triggers of ours.
  db.exec(`CREATE TABLE _vec_x(dataset_id TEXT, id TEXT, content TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id));
    INSERT INTO _vec_x VALUES ('d', '1', 'SECRET', vec_f32('[1, 0]'))`)
})

/** A file with a vec table x over `dbpath`, a view on it, and a vec_admin over it, as if made elsewhere. */
async function makeUpload(dbpath: string, path = upload): Promise<void> {
  using db = await open(path, { register: false })
  db.exec('CREATE TABLE dummy(a); PRAGMA writable_schema = ON')
  const add = db.prepare(
    'INSERT INTO sqlite_schema(type, name, tbl_name, rootpage, sql) VALUES (?1, ?2, ?2, 0, ?3)',
  )
  const quoted = dbpath.replaceAll("'", "''")
  add.run('table', 'x', `CREATE VIRTUAL TABLE x USING vec(doc_id, dbpath='${quoted}')`)
  add.run('table', 'adm', `CREATE VIRTUAL TABLE adm USING vec_admin(op, dbpath='${quoted}')`)
  add.run(
    'view',
    'products',
    `CREATE VIEW products AS SELECT content FROM x WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'`,
  )
}

const WAYS: Readonly<Record<string, (db: Connection) => unknown>> = {
  'a view': db => db.prepare('SELECT * FROM products').pluck().all(),
  'a search': db =>
    db
      .prepare(`SELECT content FROM x WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'`)
      .pluck()
      .all(),
  'a scan': db => db.prepare(`SELECT content FROM x WHERE dataset_id = 'd'`).pluck().all(),
  'an insert': db => db.exec(`INSERT INTO x(dataset_id, doc_id) VALUES ('d', '2')`),
  'an update': db => db.exec(`UPDATE x SET content = 'mine' WHERE dataset_id = 'd'`),
  'a delete': db => db.exec(`DELETE FROM x WHERE dataset_id = 'd'`),
  'a command': db => db.exec(`INSERT INTO x(x) VALUES ('rebuild')`),
  'a rename': db => db.exec('ALTER TABLE x RENAME TO y'),
  'a drop': db => db.exec('DROP TABLE x'),
  'stats of vec_admin': db =>
    db.prepare(`SELECT op FROM vec_admin WHERE op MATCH 'stats:x:d'`).all(),
  'check of the vec_admin of the file': db =>
    db.prepare(`SELECT op FROM adm WHERE op MATCH 'check:_vec_x:d'`).all(),
  'repair of the vec_admin of the file': db =>
    db.prepare(`SELECT op FROM adm WHERE op MATCH 'repair:_vec_x:d'`).all(),
  'a second table': db => db.exec(`CREATE VIRTUAL TABLE y USING vec(doc_id, dbpath='${victim}')`),
}

for (const [name, use] of Object.entries(WAYS)) {
  test(`${name} neither reads nor writes a file that only the schema names`, async () => {
    await makeUpload(victim)
    const before = readFileSync(victim)
    {
      using db = await open(upload)
      // Without its documents a table can still be dropped.
      if (name === 'a drop') use(db)
      else {
        const what = /neither this database nor attached to it|vec_admin/
        assert.throws(() => use(db), { message: what, hint: /allowDbpath|USING vec|op MATCH/ })
      }
    }
    assert.deepEqual(readFileSync(victim), before)
  })
}

test('a file that a schema names is refused however it is spelled', async () => {
  symlinkSync(victim, join(folder, 'uploads', 'link.sqlite'))
  symlinkSync(join(folder, 'tenants'), join(folder, 'uploads', 'inside'))
  linkSync(victim, join(folder, 'uploads', 'hard.sqlite'))
  const spellings = [
    victim,
    relative(process.cwd(), victim),
    '../tenants/a.sqlite',
    './../uploads/../tenants/a.sqlite',
    pathToFileURL(victim).href,
    `${pathToFileURL(victim).href}?mode=ro`,
    'file:../tenants/a.sqlite',
    'link.sqlite',
    'inside/a.sqlite',
    'hard.sqlite',
  ]
  const before = readFileSync(victim)
  for (const [i, spelling] of spellings.entries()) {
    const path = join(folder, 'uploads', `upload${i}.sqlite`)
    await makeUpload(spelling, path)
    using db = await open(path)
    assert.throws(() => db.prepare('SELECT * FROM products').all(), {
      code: 'VEC_OPTION',
      message: /\bdbpath\b.*\battached\b/,
    })
  }
  assert.deepEqual(readFileSync(victim), before)
})

test('the application allows a folder, a file, several, or decides by a function', async () => {
  await makeUpload(victim)
  symlinkSync(join(folder, 'tenants'), join(folder, 'also tenants'))
  const asked: string[] = []
  const allowed: AllowDbpath[] = [
    join(folder, 'tenants'),
    `${join(folder, 'tenants')}/`,
    join(folder, 'uploads', '..', 'tenants'),
    join(folder, 'also tenants'),
    folder,
    victim,
    [join(folder, 'uploads'), join(folder, 'tenants')],
    path => {
      asked.push(path)
      return path === victim
    },
  ]
  for (const allowDbpath of allowed) {
    using db = await open(upload, { allowDbpath })
    assert.deepEqual(
      db.prepare('SELECT * FROM products').pluck().all(),
      ['SECRET'],
      String(allowDbpath),
    )
  }
  assert.deepEqual([...new Set(asked)], [victim])
})

test('what lies beside an allowed folder, or only looks like it, stays refused', async () => {
  mkdirSync(join(folder, 'tenants', 'deep'))
  symlinkSync(victim, join(folder, 'uploads', 'link.sqlite'))
  await makeUpload('link.sqlite')
  const refusing: AllowDbpath[] = [
    join(folder, 'uploads'),
    join(folder, 'tenant'),
    join(folder, 'tenants', 'deep'),
    join(folder, 'tenants', 'a.sqlite', 'b'),
    [],
    () => false,
    (() => 'yes') as unknown as AllowDbpath,
  ]
  for (const allowDbpath of refusing) {
    using db = await open(upload, { allowDbpath })
    assert.throws(
      () => db.prepare('SELECT * FROM products').all(),
      { code: 'VEC_OPTION' },
      String(allowDbpath),
    )
  }
})

test('allowDbpath of another type is refused at open', async () => {
  for (const allowDbpath of [true, 1, null, '', ['']] as unknown as AllowDbpath[]) {
    await assert.rejects(open(':memory:', { allowDbpath }), {
      name: 'TypeError',
      message: /\ballowDbpath\b/,
    })
  }
})

test('attached files and the file itself are always allowed, by any name', async () => {
  linkSync(victim, join(folder, 'uploads', 'hard.sqlite'))
  symlinkSync(victim, join(folder, 'uploads', 'link.sqlite'))
  for (const [i, spelling] of [
    victim,
    'hard.sqlite',
    'link.sqlite',
    '../tenants/a.sqlite',
  ].entries()) {
    const path = join(folder, 'uploads', `upload${i}.sqlite`)
    await makeUpload(spelling, path)
    using db = await open(path)
    db.exec(`ATTACH '${victim}' AS other`)
    assert.deepEqual(db.prepare('SELECT * FROM products').pluck().all(), ['SECRET'])
  }
  for (const spelling of [
    upload,
    'upload.sqlite',
    '../uploads/upload.sqlite',
    pathToFileURL(upload).href,
  ]) {
    rmSync(upload, { force: true })
    using db = await open(upload)
    db.exec(`CREATE VIRTUAL TABLE own USING vec(doc_id, dbpath='${spelling}');
      INSERT INTO own(dataset_id, doc_id, embedding) VALUES ('d', '1', '[1, 0]')`)
    const found = db.prepare(
      `SELECT doc_id FROM own WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'`,
    )
    assert.deepEqual(found.pluck().all(), ['1'], spelling)
  }
})

test('a file that is allowed or attached, and merely queried, gets no tables and triggers', async () => {
  await makeUpload(victim)
  const before = readFileSync(victim)
  {
    using db = await open(upload, { allowDbpath: folder })
    for (let n = 0; n < 3; n++) assert.deepEqual(WAYS['a view'](db), ['SECRET'])
    assert.deepEqual(WAYS['a scan'](db), ['SECRET'])
  }
  {
    using db = await open(upload)
    db.exec(`ATTACH '${victim}' AS other`)
    for (let n = 0; n < 3; n++) assert.deepEqual(WAYS['a view'](db), ['SECRET'])
  }
  assert.deepEqual(readFileSync(victim), before)
})

test('a file that is open for reading only gets no tables and triggers', async () => {
  await makeUpload(victim)
  const before = readFileSync(upload)
  {
    using db = await open(upload, { allowDbpath: folder, readonly: true })
    assert.deepEqual(WAYS['a view'](db), ['SECRET'])
  }
  assert.deepEqual(readFileSync(upload), before)
  {
    using db = await open(upload)
    db.exec(`DROP TABLE x; DROP TABLE adm; CREATE TABLE _vec_x(dataset_id TEXT, id TEXT, content TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id));
      CREATE VIRTUAL TABLE x USING vec(doc_id); INSERT INTO x(dataset_id, doc_id, embedding) VALUES ('d', '1', '[1, 0]');
      DROP TRIGGER vec_journal__vec_x_inserted`)
  }
  const without = readFileSync(upload)
  using db = await open(upload, { readonly: true })
  assert.equal((WAYS['a view'](db) as unknown[]).length, 1)
  db.close()
  assert.deepEqual(readFileSync(upload), without)
})
