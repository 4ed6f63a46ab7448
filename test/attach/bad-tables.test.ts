import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attach, type AttachOptions } from '../../src/entries/attach.ts'
import { blob, DRIVERS, inEveryDriver, type Handle } from './handles.ts'
import { insert, NOTES, OPTIONS } from './notes.ts'

// Tables, handles and files that cannot serve, or only in part.

const query = [1, 0]

function refused(db: Handle, options: AttachOptions, message: RegExp, hint: RegExp): void {
  assert.throws(
    () => attach(db, options),
    (error: { code?: string; message: string; hint?: string }) => {
      assert.equal(error.code, 'VEC_SHADOW')
      assert.match(error.message, message)
      assert.match(error.hint ?? '', hint)
      return true
    },
  )
}

/** What TypeScript would not let pass. */
function given(members: object): never {
  return members as never
}

function misspelled(call: () => unknown, message: RegExp): void {
  assert.throws(call, { code: 'VEC_OPTION', message })
}

inEveryDriver('what cannot serve', fact => {
  fact('tables that cannot serve are refused, with a remedy', db => {
    db.exec(`CREATE TABLE keyless(id INTEGER, embedding BLOB);
        CREATE TABLE pair(org TEXT, doc INTEGER, embedding BLOB, PRIMARY KEY (org, doc));
        CREATE TABLE three(a TEXT, b TEXT, id TEXT, embedding BLOB, PRIMARY KEY (a, b, id));
        CREATE TABLE blobs(id BLOB PRIMARY KEY, embedding BLOB);
        CREATE TABLE json(id INTEGER PRIMARY KEY, embedding TEXT);
        INSERT INTO json VALUES (1, '[0.25, 1e-3]');
        CREATE TABLE doubles(id INTEGER PRIMARY KEY, embedding BLOB);
        INSERT INTO doubles VALUES (1, x'${Buffer.from(Float64Array.from({ length: 32 }, (_, i) => Math.sin(i + 1)).buffer).toString('hex')}')`)
    refused(
      db,
      { table: 'keyless' },
      /keyless lacks a unique key on \(id\)/,
      /CREATE UNIQUE INDEX "keyless_key" ON "keyless"\("id"\)/,
    )
    refused(db, { table: 'pair', id: 'doc' }, /pair lacks a unique key/, /dataset: 'org'/)
    refused(db, { table: 'three' }, /three lacks a unique key/, /primary key of 3 columns/)
    refused(db, { table: 'blobs' }, /blobs\.id is BLOB/, /hex\("id"\)/)
    refused(db, { table: 'json' }, /JSON text/, /Float32Array/)
    refused(db, { table: 'doubles' }, /look like float64/, /4 bytes per number/)
    refused(
      db,
      { table: 'json', id: 'nothing' },
      /json lacks the column nothing: it has id, embedding/,
      /name the column for id/,
    )
    refused(db, { table: 'none' }, /there is no table none/, /CREATE TABLE/)
    // A table that is dropped later is missed by each operation, with the same remedy.
    db.exec('CREATE TABLE brief(id INTEGER PRIMARY KEY, embedding BLOB)')
    const brief = attach(db, { table: 'brief' })
    db.exec('DROP TABLE brief')
    for (const operation of [
      () => brief.search({ vector: query, k: 1 }),
      () => brief.upsert([{ id: 1, embedding: query }]),
      () => brief.delete([1]),
      () => brief.get(1),
      () => brief.get(1, { columns: ['id'] }),
      () => brief.count(),
      () => brief.optimize(),
    ])
      assert.throws(operation, { code: 'VEC_SHADOW', message: /main\.brief/, hint: /create brief/ })
    brief.close()
    // And what the remedies say helps.
    db.exec(`CREATE UNIQUE INDEX keyless_key ON keyless(id);
        ALTER TABLE blobs ADD COLUMN row_key TEXT AS (hex(id)); CREATE UNIQUE INDEX blobs_key ON blobs(row_key);
        INSERT INTO keyless VALUES (1, ${blob(1, 0)}); INSERT INTO blobs VALUES (x'0a', ${blob(1, 0)});
        INSERT INTO pair VALUES ('o', 5, ${blob(1, 0)})`)
    for (const [options, dataset, id] of [
      [{ table: 'keyless' }, undefined, 1],
      [{ table: 'blobs', id: 'row_key' }, undefined, '0A'],
      [{ table: 'pair', id: 'doc', dataset: 'org' }, 'o', 5],
    ] as const) {
      using vectors = attach(db, options)
      assert.equal(vectors.search({ dataset, vector: query, k: 1 })[0].id, id)
    }
  })

  fact('a generated column of embeddings is searched, and not written', db => {
    db.exec(`CREATE TABLE notes(note_id INTEGER PRIMARY KEY, text_form TEXT, "my vector" BLOB AS (unhex(text_form)));
        INSERT INTO notes(note_id, text_form) VALUES (1, ${blob(1, 0).slice(1)}), (2, ${blob(0, 1).slice(1)})`)
    using vectors = attach(db, { ...OPTIONS, metadata: undefined })
    assert.equal(vectors.search({ vector: query, k: 1 })[0].id, 1)
    db.exec(`UPDATE notes SET text_form = ${blob(-1, 0).slice(1)} WHERE note_id = 1`)
    assert.equal(vectors.search({ vector: query, k: 1 })[0].id, 2)
    assert.throws(() => vectors.upsert([{ id: 1, embedding: query }]), {
      code: 'VEC_SHADOW',
      message: /generated column/,
    })
  })

  fact(
    'vectors of several lengths: those of the first are searched, and check() names the others',
    db => {
      db.exec(NOTES)
      insert(db, 1, [1, 0])
      insert(db, 2, [1, 0, 0])
      insert(db, 3, [0, 1])
      using vectors = attach(db, OPTIONS)
      assert.deepEqual(
        vectors.search({ vector: query, k: 9 }).map(({ id }) => id),
        [1, 3],
      )
      assert.throws(() => vectors.search({ vector: [1, 0, 0], k: 1 }), { code: 'VEC_DIMENSION' })
      const problem = vectors.check().find(({ topic }) => topic === 'dimension')
      assert.match(
        problem?.fix ?? '',
        /SELECT "note_id", .* FROM "main"\."notes" WHERE length\("my vector"\)/,
      )
      db.exec(String(problem?.fix))
    },
  )

  fact('members of other names are refused with the name that is meant', db => {
    db.exec(
      `CREATE TABLE rows(id INTEGER PRIMARY KEY, embedding BLOB); INSERT INTO rows VALUES (1, ${blob(1, 0)})`,
    )
    misspelled(
      () => attach(db, given({ table: 'rows', embeding: 'v' })),
      /'embeding': did you mean 'embedding'/,
    )
    misspelled(() => attach(db, given({ table: 'rows', meta: ['x'] })), /did you mean 'metadata'/)
    using vectors = attach(db, { table: 'rows' })
    const search = { vector: [1, 0], k: 1 }
    misspelled(() => vectors.search(given({ ...search, where: { a: 1 } })), /did you mean 'filter'/)
    misspelled(() => vectors.search(given({ ...search, limit: 1 })), /'limit': did you mean 'k'/)
    misspelled(
      () => vectors.join(given({ ...search, columns: ['id'] })),
      /member of search of join\(\)/,
    )
    misspelled(() => vectors.upsert([given({ id: 2, vector: [1, 0] })]), /did you mean 'embedding'/)
    misspelled(() => vectors.upsert([{ id: 2 }], given({ tenant: 'a' })), /did you mean 'dataset'/)
    misspelled(() => vectors.get(1, given({ column: ['id'] })), /did you mean 'columns'/)
    for (const call of [
      () => vectors.search(given({ ...search, ids: null })),
      () => vectors.count(given(null!)),
      () => vectors.delete([1], null as never),
      () => vectors.upsert([], null as never),
      () => vectors.get(1, null as never),
    ]) {
      assert.throws(call, TypeError)
    }
    assert.deepEqual(vectors.count(), 1)
  })

  fact('a closed handle is refused, and a search over one says so', (db, path, driver) => {
    db.exec(NOTES)
    const other = driver.connect(path)
    const vectors = attach(other, OPTIONS)
    other.close()
    assert.throws(() => vectors.search({ vector: query, k: 1 }), { code: 'VEC_CLOSED' })
    vectors.close()
    assert.throws(() => attach(other, OPTIONS), { code: 'VEC_CLOSED' })
  })

  fact(
    'a file that can only be read is searched, and a write says why it fails',
    (db, path, driver) => {
      if (driver.name === 'libsql') return
      db.exec(NOTES)
      insert(db, 1, [1, 0])
      const reader = driver.connect(path, { readonly: true })
      try {
        using vectors = attach(reader, OPTIONS)
        assert.equal(vectors.search({ vector: query, k: 1 })[0].id, 1)
        assert.throws(() => vectors.upsert([{ id: 1, embedding: query }]), {
          code: 'SQLITE_READONLY',
        })
      } finally {
        reader.close()
      }
    },
  )
})

test(
  'better-sqlite3 says why it refuses writes while rows are read',
  { skip: DRIVERS[1].skip },
  () => {
    const db = DRIVERS[1].connect(':memory:')
    db.exec(NOTES)
    insert(db, 1, [1, 0])
    using vectors = attach(db, OPTIONS)
    const rows = (
      db.prepare('SELECT 1 UNION SELECT 2') as unknown as { iterate(): Iterable<unknown> }
    ).iterate()
    for (const row of rows) {
      assert.ok(row)
      const busy = { code: 'SQLITE_BUSY', hint: /iterate\(\)/ }
      assert.throws(() => vectors.upsert([{ id: 1, embedding: query }]), busy)
      assert.throws(() => vectors.delete([1]), busy)
      assert.throws(() => vectors.repair(), busy)
    }
    vectors.upsert([{ id: 1, embedding: query }])
    db.close()
  },
)

const nothing = (): undefined => undefined
function refuses(handle: object, message: RegExp): void {
  assert.throws(() => attach(handle as Handle, OPTIONS), message)
}

test('objects around a handle are refused, with where the handle is', () => {
  refuses({ $client: {}, select: nothing }, /Drizzle.*db\.\$client/)
  refuses({ selectFrom: nothing, getExecutor: nothing }, /Kysely/)
  refuses({ $connect: nothing, $queryRawUnsafe: nothing }, /Prisma/)
  refuses(
    {
      prepare: () => ({ all: nothing, bind: nothing }),
      exec: nothing,
      batch: nothing,
      dump: nothing,
    },
    /asynchronous driver.*better-sqlite3/,
  )
  refuses({ execute: nothing, batch: nothing, transaction: nothing }, /asynchronous driver/)
})

test('node:sqlite before Node 22.16 is refused with what is missing', () => {
  const statement = { setReadBigInts: () => undefined, all: () => [] }
  const old = { prepare: () => statement, exec: () => undefined }
  for (const handle of [old, { ...old, isOpen: true }]) {
    assert.throws(() => attach(handle as never, { table: 'docs' }), {
      name: 'TypeError',
      message: /does not tell whether a transaction is open: use Node 22\.16 or later/,
    })
  }
})
