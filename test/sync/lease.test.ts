import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Lease } from '../../src/replication/lease.ts'
import { prepareReplica } from '../../src/replication/replica-tables.ts'
import { Replica } from '../../src/replication/replica.ts'
import { syncNames } from '../../src/replication/sync-names.ts'
import { openSqlite } from './sqlite-database.ts'
import { drain, idsOf, onEachUpstream, within } from './world.ts'

function leases(): [Lease, Lease] {
  const db = openSqlite()
  const names = syncNames()
  prepareReplica(db, 'docs', names)
  return [new Lease(db, names, 'docs', 1000, 'one'), new Lease(db, names, 'docs', 1000, 'two')]
}

describe('the lease of a replica', () => {
  test('one holds it, the other one gets it after its end', () => {
    const [one, two] = leases()
    assert.ok(one.acquire(5000))
    assert.ok(!two.acquire(5500))
    assert.ok(one.acquire(5900))
    assert.ok(!two.acquire(6500))
    assert.ok(two.acquire(6901))
    assert.throws(() => one.assertHeld(), { code: 'FENCED' })
    assert.ok(!one.acquire(7000))
    two.assertHeld()
  })

  test('its holder keeps it past its end while nobody else wants it', () => {
    const [one] = leases()
    assert.ok(one.acquire(5000))
    one.assertHeld()
    assert.ok(one.acquire(50_000))
    one.assertHeld()
  })

  test('a release lets the next one in at once', () => {
    const [one, two] = leases()
    assert.ok(one.acquire(5000))
    one.release()
    assert.ok(two.acquire(5001))
    assert.ok(!one.acquire(5002))
  })

  test('a clock that is set back by a day does not keep the lease for a day', () => {
    const [one, two] = leases()
    const day = 86_400_000
    assert.ok(one.acquire(10 * day))
    assert.ok(two.acquire(9 * day))
    assert.throws(() => one.assertHeld(), { code: 'FENCED' })
  })

  test('a lease taken over and back has another token', () => {
    const [one, two] = leases()
    assert.ok(one.acquire(0))
    assert.ok(two.acquire(2000))
    two.release()
    assert.ok(one.acquire(3000))
    assert.throws(() => two.assertHeld(), { code: 'FENCED' })
    one.assertHeld()
  })
})

test('without any lease the checkpoint alone fences: the second of two writes is refused whole', () => {
  const db = openSqlite()
  const names = syncNames()
  prepareReplica(db, 'docs', names)
  const one = new Replica(db, 'docs', 'shadow_vec_docs', names)
  const two = new Replica(db, 'docs', 'shadow_vec_docs', names)
  const document = { content: null, meta: null, embedding: null, embeddingModel: null, archived: 0 }
  const seenByOne = one.state('d')
  const seenByTwo = two.state('d')
  one.advance(seenByOne, undefined, () => {
    one.upsert('d', 1n, { id: 'a', ...document })
    return { ...seenByOne, lastScn: 1n }
  })
  const late = (): unknown =>
    two.advance(seenByTwo, undefined, () => {
      two.upsert('d', 1n, { id: 'b', ...document })
      return { ...seenByTwo, lastScn: 1n }
    })
  assert.throws(late, { code: 'FENCED' })
  assert.deepEqual(db.prepare('SELECT id FROM docs').all(), [{ id: 'a' }])
  assert.equal(two.state('d').lastScn, 1n)
  assert.ok(!db.inTransaction)
})

onEachUpstream(
  'two replicators on one replica',
  world => {
    test('the second one stands by, and takes over when the first one closes', () =>
      within(world, async w => {
        await w.put('a')
        const replica = w.replica()
        const first = w.replicator(replica)
        const second = w.replicator(replica)
        await drain(first)
        assert.deepEqual(await second.pass(), { applied: 0, more: false, standby: true })
        await first.close()
        await w.put('b')
        assert.equal(await drain(second), 1)
        assert.deepEqual(idsOf(replica), ['a', 'b'])
      }))

    test('one whose lease was taken is FENCED before it writes, and the data stay equal', () =>
      within(world, async w => {
        const replica = w.replica()
        const first = w.replicator(replica, { leaseDuration: 60_000 })
        await drain(first)
        await w.put('a')
        // As if the first had slept past its end.
        replica.exec(`UPDATE vec_sync_lease SET owner = 'somebody', token = token + 1`)
        await assert.rejects(first.pass(), { code: 'FENCED' })
        assert.deepEqual(idsOf(replica), [])
        replica.exec('UPDATE vec_sync_lease SET expires_at = 0')
        await drain(first)
        assert.ok((await first.verify()).equal)
      }))
  },
  ['MariaDB', 'SQLite'],
)
