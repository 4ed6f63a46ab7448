import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Poison, type SyncDocument } from '../../../src/replication/document.ts'
import { VectorGuard, type ModelPolicy } from '../../../src/replication/guard.ts'
import { assertNames } from '../../throws-vec.ts'

const document = (dim: number, embeddingModel: string | null = null): SyncDocument => ({
  id: 'a',
  content: null,
  meta: null,
  embedding: dim === 0 ? null : new Uint8Array(dim * 4),
  embeddingModel,
  archived: 0,
})

function guarded(policy: ModelPolicy): { guard: VectorGuard; warnings: string[] } {
  const warnings: string[] = []
  const guard = new VectorGuard('d', null, null, policy, message => warnings.push(message))
  return { guard, warnings }
}

const poison =
  (...names: (string | number)[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Poison)
    assertNames(error.message, names)
    return true
  }

test('the first row with a vector decides dimension and model', () => {
  const { guard } = guarded('stop')
  guard.check(document(0, 'other'))
  assert.deepEqual([guard.dimension, guard.model], [null, null])
  guard.check(document(3))
  assert.deepEqual([guard.dimension, guard.model], [3, null])
  guard.check(document(3, 'm1'))
  assert.deepEqual([guard.dimension, guard.model], [3, 'm1'])
  assert.throws(() => guard.check(document(4)), poison('"a"', 4, 3))
  assert.throws(() => guard.check(document(3, 'm2')), poison('"a"', '"d"', '"m1"', '"m2"'))
  guard.check(document(0, 'm2'))
})

test('another model is warned of once', () => {
  const { guard, warnings } = guarded('warn')
  for (const model of ['m1', 'm2', 'm3', 'm1']) guard.check(document(2, model))
  assert.equal(warnings.length, 1)
  assertNames(warnings[0], ['"m1"', '"m2"'])
  assert.equal(guard.model, 'm1')
})

test('models are not compared where they are ignored', () => {
  const { guard, warnings } = guarded('ignore')
  for (const model of ['m1', 'm2']) guard.check(document(2, model))
  assert.deepEqual(warnings, [])
})
