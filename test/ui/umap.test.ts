import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { euclidean } from '../../src/entries/vector.ts'
import { placeAmong, Umap, type NeighborGraph } from '../../src/ui/umap.ts'

const COUNT = 240
const DIM = 16
const GROUPS = 4
const K = 10

let state = 99
/** From -1 to 1, the same in each run. */
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
  return state / 2 ** 31
}

const centres = Array.from({ length: GROUPS }, () => Array.from({ length: DIM }, random))
const vectorIn = (group: number): Float32Array =>
  Float32Array.from(centres[group], value => value + 0.5 * random())
const vectors = Array.from({ length: COUNT }, (_, i) => vectorIn(i % GROUPS))

/** The nearest vectors by brute force. */
function nearest(query: Float32Array, k: number, self = -1): { i: number; distance: number }[] {
  return Array.from(vectors, (vector, i) => ({ i, distance: euclidean(vector, query) }))
    .filter(({ i }) => i !== self)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, k)
}

const found = vectors.flatMap((vector, i) => nearest(vector, K, i))
const graph: NeighborGraph = {
  k: K,
  neighbors: Uint32Array.from(found, ({ i }) => i),
  distances: Float32Array.from(found, ({ distance }) => distance),
}
const start = Float32Array.from({ length: COUNT * 2 }, random)

function laidOut(seed: number): Float32Array {
  const umap = new Umap(graph, start, seed)
  let done = umap.done
  assert.equal(done, 0)
  while (umap.step()) {
    assert.ok(umap.done > done)
    done = umap.done
  }
  assert.equal(umap.done, 1)
  assert.equal(umap.step(), false)
  return umap.points
}

/** The group that most of the nearest on the map have. */
function groupAt(points: Float32Array, x: number, y: number): number {
  const counts = Array.from({ length: GROUPS }, () => 0)
  Array.from({ length: COUNT }, (_, i) => i)
    .toSorted(
      (a, b) =>
        Math.hypot(points[2 * a] - x, points[2 * a + 1] - y) -
        Math.hypot(points[2 * b] - x, points[2 * b + 1] - y),
    )
    .slice(0, 11)
    .forEach(i => counts[i % GROUPS]++)
  return counts.indexOf(Math.max(...counts))
}

/** Points among whose neighbours on the map their own group is the largest. */
function right(points: Float32Array): number {
  return vectors.filter((_, i) => groupAt(points, points[2 * i], points[2 * i + 1]) === i % GROUPS)
    .length
}

describe('a map by neighbours', () => {
  const points = laidOut(7)

  test('keeps groups together that its start mixes, and apart from each other', () => {
    assert.ok(right(start) < COUNT / 2, `${right(start)} at the start`)
    assert.ok(right(points) > 0.98 * COUNT, `${right(points)} of ${COUNT}`)
  })

  test('is the same for the same seed, and another for another', () => {
    assert.deepEqual(laidOut(7), points)
    assert.notDeepEqual(laidOut(8), points)
  })

  test('has a place for points that it does not lay out, in the group of their neighbours', () => {
    let placed = 0
    for (let i = 0; i < 60; i++) {
      const near = nearest(vectorIn(i % GROUPS), 5)
      const [x, y] = placeAmong(
        points,
        Uint32Array.from(near, each => each.i),
        Float32Array.from(near, each => each.distance),
        i,
      )
      if (groupAt(points, x, y) === i % GROUPS) placed++
    }
    assert.ok(placed >= 58, `${placed} of 60`)
  })

  test('equal points and points at the place of another have finite places', () => {
    const equal: NeighborGraph = {
      k: 2,
      neighbors: Uint32Array.of(1, 2, 0, 2, 0, 1),
      distances: new Float32Array(6),
    }
    const umap = new Umap(equal, new Float32Array(6), 7)
    while (umap.step());
    assert.ok(
      umap.points.every(x => Number.isFinite(x)),
      String(umap.points),
    )
    const place = placeAmong(umap.points, Uint32Array.of(0, 1), new Float32Array(2), 0)
    assert.ok(
      place.every(x => Number.isFinite(x)),
      String(place),
    )
  })
})
