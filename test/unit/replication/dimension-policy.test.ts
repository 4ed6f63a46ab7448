import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DimensionPolicy, type ModelPolicy } from '../../../src/replication/dimension-policy.ts'
import { Rejection, type SyncDocument } from '../../../src/replication/document.ts'
import { assertNames } from '../../refusal.ts'

const document = (dim: number, embeddingModel: string | null = null): SyncDocument => ({
  id: 'a',
  content: null,
  meta: null,
  embedding: dim === 0 ? null : new Uint8Array(dim * 4),
  embeddingModel,
  archived: 0,
})

function policyOf(model: ModelPolicy): { policy: DimensionPolicy; warnings: string[] } {
  const warnings: string[] = []
  const policy = new DimensionPolicy('d', null, null, model, message => warnings.push(message))
  return { policy, warnings }
}

const rejects =
  (...names: (string | number)[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Rejection)
    assertNames(error.message, ...names)
    return true
  }

test('the first row with a vector decides dimension and model', () => {
  const { policy } = policyOf('stop')
  policy.check(document(0, 'other'))
  assert.deepEqual([policy.dimension, policy.model], [null, null])
  policy.check(document(3))
  assert.deepEqual([policy.dimension, policy.model], [3, null])
  policy.check(document(3, 'm1'))
  assert.deepEqual([policy.dimension, policy.model], [3, 'm1'])
  assert.throws(() => policy.check(document(4)), rejects('"a"', 4, 3))
  assert.throws(() => policy.check(document(3, 'm2')), rejects('"a"', '"d"', '"m1"', '"m2"'))
  policy.check(document(0, 'm2'))
})

test('another model is warned of once', () => {
  const { policy, warnings } = policyOf('warn')
  for (const model of ['m1', 'm2', 'm3', 'm1']) policy.check(document(2, model))
  assert.equal(warnings.length, 1)
  assertNames(warnings[0], '"m1"', '"m2"')
  assert.equal(policy.model, 'm1')
})

test('models are not compared where they are ignored', () => {
  const { policy, warnings } = policyOf('ignore')
  for (const model of ['m1', 'm2']) policy.check(document(2, model))
  assert.deepEqual(warnings, [])
})
