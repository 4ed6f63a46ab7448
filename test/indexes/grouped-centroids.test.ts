import assert from 'node:assert/strict'
import { Centroids } from '../../src/index/kinds/exact/clusters/centroids.ts'
import { clusterSpaceOf } from '../../src/index/kinds/exact/clusters/cluster-space.ts'
import { assignerOf } from '../../src/index/kinds/exact/clusters/grouped-centroids.ts'
import { seededTest } from '../seed.ts'
import { random } from './random.ts'

const test = seededTest('INDEX_SEED')

const DIM = 19
const ROWS = 1500

for (const metric of ['cosine', 'euclidean', 'dot'] as const) {
  test(`${metric}: groups of many centroids find the nearest, or one that is nearly as near`, () => {
    const r = random(1)
    const count = 400
    const centroids = new Centroids(clusterSpaceOf(metric)!, DIM, count)
    for (let i = 0; i < count; i++) centroids.values.set(r.vector(DIM, 1 + r.next()), i * DIM)
    centroids.changed()
    const making = assignerOf(centroids)
    let made = making.next()
    while (made.done !== true) made = making.next()
    const assigner = made.value
    assert.notEqual(assigner, centroids)
    // Near centroids, as rows are.
    const rows = new Float32Array(ROWS * DIM)
    for (let i = 0; i < ROWS; i++) {
      const near = r.below(count)
      const centre = centroids.values.subarray(near * DIM, (near + 1) * DIM)
      rows.set(
        r.vector(DIM, 0.15).map((v, j) => v + centre[j]),
        i * DIM,
      )
    }
    const nearest = new Uint32Array(ROWS)
    centroids.assign(rows, ROWS, nearest)
    const found = new Uint32Array(ROWS).fill(count)
    assigner.assign(rows, ROWS, found)
    assert.ok(found.every(centroid => centroid < count))
    const same = found.filter((centroid, i) => centroid === nearest[i]).length
    assert.ok(same > 0.98 * ROWS, `${same} of ${ROWS}`)
    // What is assigned does not depend on the rows beside it.
    const one = new Uint32Array(1)
    for (let i = 0; i < 50; i++) {
      assigner.assign(rows.subarray(i * DIM, (i + 1) * DIM), 1, one)
      assert.equal(one[0], found[i])
    }
  })
}

test('few centroids are not grouped', () => {
  const centroids = new Centroids(clusterSpaceOf('cosine')!, DIM, 100)
  const made = assignerOf(centroids).next()
  assert.ok(made.done)
  assert.equal(made.value, centroids)
})
