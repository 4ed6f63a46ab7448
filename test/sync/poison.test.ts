import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drain, idsOf, onEachUpstream, within, type World } from './world.ts'

const VECTOR = '0000803f00000040'

const payload = (text: string): string => `'${text}'`

async function threeDimensions(w: World): Promise<void> {
  await w.put('two', 'two', VECTOR)
  await w.put('none', 'none', null)
  await w.put('empty', 'empty', '')
  await w.put('three', 'three', `${VECTOR}00000000`)
}

onEachUpstream('entries and rows that cannot be applied', (world, kind) => {
  const edits: [string, string][] = [
    ['bad JSON', `SET payload = ${payload('{"id":')}`],
    ['JSON that is no object', `SET payload = ${payload('[1]')}`],
    ['another id', `SET payload = ${payload('{"dataset_id":"d","id":"x"}')}`],
    ['another dataset', `SET payload = ${payload('{"dataset_id":"e","id":"bad"}')}`],
    ['odd hex', `SET payload = ${payload('{"dataset_id":"d","id":"bad","embedding":"0ab"}')}`],
    ['no hex', `SET payload = ${payload('{"dataset_id":"d","id":"bad","embedding":"zz"}')}`],
    [
      'bytes that are no floats',
      `SET payload = ${payload('{"dataset_id":"d","id":"bad","embedding":"000102"}')}`,
    ],
    [
      'content that is no text',
      `SET payload = ${payload('{"dataset_id":"d","id":"bad","content":{}}')}`,
    ],
    [
      'archived that is no number',
      `SET payload = ${payload('{"dataset_id":"d","id":"bad","archived":"yes"}')}`,
    ],
  ]

  for (const [title, edit] of edits) {
    test(`POISON_ENTRY: ${title} halts, and nothing of its batch is applied`, () =>
      within(world, async w => {
        const replica = w.replica()
        const replicator = w.replicator(replica)
        await drain(replicator)
        await w.put('good', 'good', VECTOR)
        await w.put('bad', 'bad', VECTOR)
        await w.sql(`UPDATE vec_shadow_log ${edit} WHERE document_id = 'bad'`)
        await drain(replicator)
        const [dataset] = replicator.status().datasets
        assert.equal(dataset.haltCode, 'POISON_ENTRY')
        assert.match(dataset.haltMessage!, /entry 2 of dataset "d" \(insert "bad"\)/)
        assert.equal(dataset.lastScn, 0n)
        assert.deepEqual(idsOf(replica), [])
      }))

    test(`dead-letter: ${title} is put aside and the row as it is taken`, () =>
      within(world, async w => {
        const replica = w.replica()
        const replicator = w.replicator(replica, { policy: { rejected: 'dead-letter' } })
        await drain(replicator)
        await w.put('good', 'good', VECTOR)
        await w.put('bad', 'bad', VECTOR)
        await w.sql(`UPDATE vec_shadow_log ${edit} WHERE document_id = 'bad'`)
        await drain(replicator)
        assert.equal(replicator.status().datasets[0].state, 'live')
        assert.deepEqual(idsOf(replica), ['bad', 'good'])
        assert.ok((await replicator.verify()).equal)
        const dead = replica
          .prepare('SELECT scn, op, document_id, reason FROM vec_sync_dead')
          .all() as { scn: number; op: string; document_id: string; reason: string }[]
        assert.deepEqual(
          dead.map(({ scn, op, document_id }) => ({ scn, op, document_id })),
          [{ scn: 2, op: 'insert', document_id: 'bad' }],
        )
      }))
  }

  if (kind === 'SQLite') {
    test('POISON_ENTRY: an operation that is unknown', () =>
      within(world, async w => {
        const replica = w.replica()
        const replicator = w.replicator(replica, { policy: { rejected: 'dead-letter' } })
        await drain(replicator)
        await w.put('bad')
        await w.sql('PRAGMA ignore_check_constraints = ON')
        await w.sql(`UPDATE vec_shadow_log SET op = 'merge'`)
        await drain(replicator)
        assert.deepEqual(idsOf(replica), ['bad'])
        assert.ok((await replicator.verify()).equal)
      }))

    test('POISON_ENTRY: text that is not UTF-8', () =>
      within(world, async w => {
        const replica = w.replica()
        const replicator = w.replicator(replica)
        await drain(replicator)
        await w.put('bad')
        await w.sql(`UPDATE vec_shadow_log SET payload = x'7b22ff227d'`)
        await drain(replicator)
        assert.equal(replicator.status().datasets[0].haltCode, 'POISON_ENTRY')
      }))
  }

  test('scn and archived written as strings are accepted', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      await w.put('a')
      await w.sql(
        `UPDATE vec_shadow_log SET payload = ${payload('{"dataset_id":"d","id":"a","content":"a","scn":"1","archived":"0"}')}`,
      )
      await drain(replicator)
      assert.ok((await replicator.verify()).equal)
    }))

  test('a change of dimension halts: in the log and in a bootstrap', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      await threeDimensions(w)
      await drain(replicator)
      assert.match(
        replicator.status().datasets[0].haltMessage!,
        /"three" has 3 dimensions, but the dataset has 2/,
      )
      const other = w.replica()
      const second = w.replicator(other)
      await drain(second)
      assert.equal(second.status().datasets[0].haltCode, 'POISON_ENTRY')
      assert.match(second.status().datasets[0].haltMessage!, /row "(two|three)"/)
    }))

  test('dead-letter puts aside a row of another dimension, in the log and in a bootstrap', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { policy: { rejected: 'dead-letter' } })
      await drain(replicator)
      await threeDimensions(w)
      await drain(replicator)
      assert.deepEqual(idsOf(replica), ['empty', 'none', 'two'])
      const report = await replicator.verify()
      assert.deepEqual(report.datasets[0].differences, [{ id: 'three', kind: 'missing' }])
      const other = w.replica()
      await drain(w.replicator(other, { policy: { poison: 'dead-letter' } }))
      assert.equal(idsOf(other).length, 3)
      assert.equal(other.prepare('SELECT op FROM vec_sync_dead').all().length, 1)
    }))

  test('two models in one dataset: a warning, or a halt, as the policy says', () =>
    within(world, async w => {
      const warnings: string[] = []
      const replica = w.replica()
      const lenient = w.replicator(replica)
      lenient.on('warning', event => warnings.push(event.message))
      const other = w.replica()
      const strict = w.replicator(other, { policy: { model: 'stop' } })
      await drain(lenient)
      await drain(strict)
      for (const id of ['a', 'b', 'c']) {
        await w.put(id, id, VECTOR)
        await w.sql(
          `UPDATE shadow_vec_docs SET embedding_model = '${id === 'a' ? 'small' : 'large'}' WHERE id = '${id}'`,
        )
      }
      await drain(lenient)
      await drain(strict)
      assert.equal(idsOf(replica).length, 3)
      assert.equal(warnings.filter(message => message.includes('"large"')).length, 1)
      assert.equal(strict.status().datasets[0].haltCode, 'POISON_ENTRY')
    }))
})
