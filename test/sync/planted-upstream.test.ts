import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insert, set, stored, fill } from './planted.ts'
import { drain, idsOf, onEachUpstream, within, type World } from './world.ts'

// SQLite stores what was bound. What a SQLite upstream holds behind the back of its log is found as well.

/** As if the log knew nothing of what comes. */
async function withoutTriggers(w: World): Promise<void> {
  await w.sql('PRAGMA foreign_keys = OFF')
  for (const suffix of ['_bi', '_bu', '_ai', '_au', '_ad']) {
    await w.sql(`DROP TRIGGER shadow_vec_docs${suffix}`)
  }
}

/** What no replica can hold: the row, and why. */
const unusable: readonly (readonly [title: string, sql: string, id: string, reason: RegExp])[] = [
  [
    'an embedding stored as TEXT',
    set('embedding = CAST(embedding AS TEXT)'),
    'a',
    /^upstream, embedding is text, not bytes$/,
  ],
  [
    'an embedding that is a number',
    set('embedding = 1234'),
    'a',
    /^upstream, embedding is number, not bytes$/,
  ],
  [
    'an embedding of three bytes',
    set(`embedding = x'000102'`),
    'a',
    /^upstream, an embedding has 3 bytes/,
  ],
  [
    'content that is not UTF-8',
    set(`content = CAST(x'74ff' AS TEXT)`),
    'a',
    /^upstream, text that is not UTF-8$/,
  ],
  [
    'content that is not UTF-8 and reads like what it was',
    set(`content = CAST(x'ff' AS TEXT)`, 'bad\uFFFD'),
    'bad\uFFFD',
    /^upstream, text that is not UTF-8$/,
  ],
  [
    'archived that is half a number',
    set('archived = 0.5'),
    'a',
    /^upstream, archived is number, not an integer/,
  ],
  [
    'archived that is text',
    set(`archived = 'no'`),
    'a',
    /^upstream, archived is text, not an integer/,
  ],
  [
    'archived stored as BLOB',
    set(`archived = x'30'`),
    'a',
    /^upstream, archived is bytes, not an integer/,
  ],
  [
    'archived beyond 2^53',
    set('archived = 9007199254740993'),
    'a',
    /^upstream, archived is number, not an integer below 2\^53/,
  ],
  ['an id stored as BLOB', insert(`x'7a'`), 'z', /^upstream, id is stored as BLOB$/],
  [
    'an id stored as BLOB, beside its text',
    insert(`x'61'`),
    'a',
    /^upstream, id is stored as BLOB$/,
  ],
  [
    'a dataset_id stored as BLOB',
    insert(`'z'`, `x'64'`),
    'z',
    /^upstream, dataset_id is stored as BLOB$/,
  ],
  [
    'an id that is not UTF-8',
    insert(`CAST(x'7aff' AS TEXT)`),
    'z\uFFFD',
    /^upstream, text that is not UTF-8$/,
  ],
  [
    'an id that is not UTF-8 and reads like another',
    insert(`CAST(x'626164ff' AS TEXT)`),
    'bad\uFFFD',
    /^upstream, text that is not UTF-8$/,
  ],
]

/** What a replica can hold, and does after a repair. */
const usable: readonly (readonly [title: string, sql: string])[] = [
  ['other content', set(`content = 'other'`)],
  ['content behind a NUL', set('content = content || char(0)')],
  ['NULL for empty text', set('content = NULL, meta = NULL, embedding_model = NULL', 'empty')],
  [
    'empty text for NULL',
    set(`content = '', meta = '', embedding_model = '', embedding = x''`, 'none'),
  ],
  ['-0 for 0', set(`embedding = x'0000008000000000'`, 'zero')],
  ['a row that is hidden', set('archived = 1')],
  ['a row too many', insert(`'new'`)],
  ['an id with a NUL', insert(`'a' || char(0)`)],
  ['a row too few', `DELETE FROM shadow_vec_docs WHERE id = 'a'`],
  ['an id in capitals', set(`id = 'A'`)],
]

onEachUpstream(
  'a difference that was planted on the upstream',
  world => {
    for (const [title, sql, id, reason] of unusable) {
      test(`${title}: named, and what can be mended is`, () =>
        within(world, async w => {
          await fill(w, true)
          const replica = w.replica()
          const replicator = w.replicator(replica)
          await drain(replicator)
          const before = stored(replica)
          await withoutTriggers(w)
          await w.sql(sql)
          for (const report of [await replicator.verify(), (await replicator.repair()).after]) {
            assert.equal(report.equal, false)
            const { differences } = report.datasets[0]
            const [found] = differences
            assert.deepEqual([differences.length, found.id], [1, id])
            assert.match(found.reason!, reason)
          }
          // Nothing that is right was lost by it.
          assert.deepEqual(stored(replica), before)

          const stopped = w.replicator(w.replica(), { batchSize: 2 })
          await drain(stopped)
          const [{ haltCode, haltMessage }] = stopped.status().datasets
          assert.equal(haltCode, 'POISON_ENTRY')
          assert.ok(haltMessage!.includes(JSON.stringify(id)), haltMessage)
        }))
    }

    for (const [title, sql] of usable) {
      test(`${title}: found and mended`, () =>
        within(world, async w => {
          await fill(w, true)
          const replica = w.replica()
          const replicator = w.replicator(replica)
          await drain(replicator)
          await withoutTriggers(w)
          await w.sql(sql)
          assert.equal((await replicator.verify()).equal, false)
          assert.ok((await replicator.repair()).after.equal)
          const fresh = w.replica()
          await drain(w.replicator(fresh))
          assert.deepEqual(stored(replica), stored(fresh))
        }))
    }

    test('a BLOB bound to text is the text that it is', () =>
      within(world, async w => {
        await fill(w, true)
        const replicator = w.replicator(w.replica())
        await drain(replicator)
        await withoutTriggers(w)
        await w.sql(
          set(
            'content = CAST(content AS BLOB), meta = CAST(meta AS BLOB), embedding_model = CAST(embedding_model AS BLOB)',
          ),
        )
        assert.ok((await replicator.verify()).equal)
      }))

    test('a copy that puts rows aside gets past any number of keys that are BLOBs', () =>
      within(world, async w => {
        await fill(w, true)
        await withoutTriggers(w)
        for (let i = 0; i < 9; i++) await w.sql(insert(`CAST('blob${i}' AS BLOB)`))
        const replica = w.replica()
        await drain(w.replicator(replica, { batchSize: 2, policy: { poison: 'dead-letter' } }))
        assert.equal(idsOf(replica).length, 8)
        assert.equal(replica.prepare('SELECT document_id FROM vec_sync_dead').all().length, 9)
      }))

    test('a delete of a key that is a BLOB deletes no row with its text', () =>
      within(world, async w => {
        await fill(w, true)
        const replica = w.replica()
        const replicator = w.replicator(replica, { policy: { poison: 'dead-letter' } })
        await drain(replicator)
        await w.sql('DROP TRIGGER shadow_vec_docs_bi')
        await w.sql('DROP TRIGGER shadow_vec_docs_ai')
        await w.sql(insert(`x'61'`))
        await w.sql(`DELETE FROM shadow_vec_docs WHERE id = x'61'`)
        await drain(replicator)
        assert.ok(idsOf(replica).includes('a'))
        const [dead] = replica.prepare('SELECT reason FROM vec_sync_dead').all() as {
          reason: string
        }[]
        assert.match(dead.reason, /its document_id is stored as BLOB/)
        assert.ok((await replicator.verify()).equal)
      }))

    for (const [title, values, message] of [
      ['an id that is a BLOB', `x'61', NULL, 0`, /an id is text/],
      ['an embedding that is text', `'n', '[1,2]', 0`, /an embedding is a BLOB/],
      ['an embedding that is a number', `'n', 7, 0`, /an embedding is a BLOB/],
      ['archived that is text', `'n', NULL, 'no'`, /archived is a whole number/],
      ['archived that is half a number', `'n', NULL, 0.5`, /archived is a whole number/],
    ] as const) {
      test(`the triggers refuse ${title}`, () =>
        within(world, async w => {
          const into = 'INTO shadow_vec_docs (dataset_id, id, embedding, archived)'
          for (const verb of ['INSERT', 'INSERT OR IGNORE', 'REPLACE']) {
            await assert.rejects(w.sql(`${verb} ${into} VALUES ('d', ${values})`), message)
          }
          await w.put('n')
          if (values.startsWith(`'n'`)) {
            const [, embedding, archived] = values.split(', ')
            const change = `UPDATE shadow_vec_docs SET embedding = ${embedding}, archived = ${archived}`
            await assert.rejects(w.sql(change), message)
          }
          assert.deepEqual(await w.log(), ['insert:n'])
        }))
    }
  },
  ['SQLite'],
)
