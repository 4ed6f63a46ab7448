/** Run by seed.test.ts in a process of its own: what a failing random test says. */
import assert from 'node:assert/strict'
import { seededTest, seedOfTest } from './seed.ts'

seededTest('VEC_SEED', { ROUNDS: 3 })('fails with a comparison', (_t, seed) => {
  assert.equal(seed, seedOfTest('VEC_SEED'))
  assert.deepEqual({ drawn: seed }, { drawn: -1 })
})

seededTest('VEC_SEED')('fails with a thrown text', async () => {
  await Promise.resolve()
  throw 'no error at all'
})

seededTest('VEC_SEED')('draws from another seed', () => seedOfTest('COVER_SEED'))
