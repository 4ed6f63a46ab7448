import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createAutoIndex,
  createCoverIndex,
  createExactIndex,
  exactSimilarity,
  restoreAutoIndex,
  restoreCoverIndex,
  restoreExactIndex,
  similarityToDistance,
  similarityToScore,
  type IndexImage,
} from '../../src/entries/indexes.ts'
import type { Metric } from '../../src/entries/main.ts'

// Metric, kind of index and the other words of options are closed: what is not one of them is told, never taken for one.

const vector = Float32Array.of(1, 2)

for (const [given, meant] of [
  ['l2', 'euclidean'],
  ['L2', 'euclidean'],
  ['cosin', 'cosine'],
  ['ip', 'dot'],
  ['L1', 'manhattan'],
  ['taxicab', 'manhattan'],
  ['', undefined],
] as const) {
  test(`a metric '${given}' is refused at every entry`, () => {
    const metric = given as Metric
    const refusal = {
      code: 'VEC_OPTION',
      message: new RegExp(
        `unknown metric '${given}'.*${meant === undefined ? '' : `'${meant}'`}.* Known: cosine, euclidean, dot, manhattan`,
      ),
    }
    for (const entry of [
      () => createExactIndex({ metric, dim: 2 }),
      () => createExactIndex({ metric, dim: 2, keepsVectors: true }),
      () => createCoverIndex({ metric, dim: 2 }),
      () => createAutoIndex({ metric, dim: 2 }),
      () => exactSimilarity(metric, vector, vector),
      () => similarityToScore(metric, 0.5),
      () => similarityToDistance(metric, 0.5),
    ]) {
      assert.throws(entry, refusal, String(entry))
    }
  })
}

test('a metric that is no text is refused with what it is', () => {
  for (const [given, shown] of [
    [undefined, 'undefined'],
    [null, 'null'],
    [2, '2'],
    [{}, 'a value of type object'],
  ] as const) {
    const metric = given as Metric
    const refusal = {
      code: 'VEC_OPTION',
      message: new RegExp(`cosine, euclidean.* dot.* ${shown}`),
    }
    for (const create of [createExactIndex, createCoverIndex, createAutoIndex]) {
      assert.throws(() => create({ metric, dim: 2 }), refusal)
    }
  }
})

test('other words of the options are closed as well', () => {
  for (const change of [{ kernels: 'wams' }, { keepsVectors: 'no' }, { expectedRows: -1 }]) {
    const options = { metric: 'dot', dim: 2, ...change } as never
    assert.throws(
      () => createExactIndex(options),
      /options\.(kernels|keepsVectors|expectedRows) is /,
    )
  }
  assert.throws(() => createCoverIndex({ metric: 'cosine', dim: 2, bound: 'levels' as never }), {
    code: 'VEC_OPTION',
    message: /'levels'.*'level'.*\bper_node, level\b/,
  })
})

test('a saved index of an unknown kind or metric is refused by every reader', () => {
  const index = createExactIndex({ metric: 'dot', dim: 2 })
  const image = index.save()
  const readers = [restoreExactIndex, restoreCoverIndex, restoreAutoIndex]
  for (const change of [
    { kind: 'graph' },
    { metric: 'l2' },
    { kind: undefined },
    { metric: undefined },
  ]) {
    const changed = { ...image, ...change } as unknown as IndexImage
    for (const restore of readers) assert.throws(() => restore(changed), { code: 'VEC_STORAGE' })
  }
  index.dispose()
})
