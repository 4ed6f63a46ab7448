import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  AutoIndex,
  createAutoIndex,
  restoreAutoIndex,
} from '../../src/index/kinds/auto/auto-index.ts'
import { AUTO_RULE } from '../../src/index/kinds/auto/auto-rule.ts'
import { intrinsicDimension } from '../../src/index/kinds/auto/intrinsic-dimension.ts'
import { Reservoir } from '../../src/index/kinds/auto/reservoir.ts'
import type { VectorIndex } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { Oracle } from './oracle.ts'
import { random } from './random.ts'

const test = seededTest('INDEX_SEED')

/** Rows on a curved sheet of so many dimensions in a space of `dim`. */
function sheet(stream: number, inner: number, dim: number, count: number): Float32Array[] {
  const r = random(stream)
  const slopes = Array.from({ length: inner }, () => r.vector(dim))
  const bends = Array.from({ length: inner }, () => r.vector(dim))
  return Array.from({ length: count }, () => {
    const row = new Float64Array(dim)
    for (let n = 0; n < inner; n++) {
      const x = 2 * r.next() - 1
      for (let i = 0; i < dim; i++) row[i] += slopes[n][i] * x + 0.3 * Math.sin(2 * bends[n][i] * x)
    }
    return new Float32Array(row)
  })
}

function noise(stream: number, dim: number, count: number): Float32Array[] {
  const r = random(stream)
  return Array.from({ length: count }, () => r.vector(dim))
}

function settled(index: VectorIndex): VectorIndex | undefined {
  return index.strategy!.choose()
}

for (const metric of ['cosine', 'euclidean', 'manhattan'] as const) {
  describe(metric, () => {
    test('rows on a sheet get a tree, rows of many dimensions a scan', () => {
      const tree = new Oracle(createAutoIndex({ metric, dim: 64 }), sheet(1, 2, 64, 6000))
      const scan = new Oracle(createAutoIndex({ metric, dim: 64 }), noise(2, 64, 6000))
      assert.equal(settled(tree.index), undefined)
      assert.equal(settled(scan.index), undefined)
      assert.equal(tree.index.kind, 'cover')
      assert.match(
        tree.index.strategy!.reason,
        /^6000 rows of about \d\.\d dimensions: a search visits \d+ of \d+ rows in a sample tree, .* a tree pays off below 3\.5 %$/,
      )
      assert.equal(scan.index.kind, 'exact')
      assert.match(
        scan.index.strategy!.reason,
        /^4096 rows of about \d+\.\d dimensions: above 8 a tree visits too many rows$/,
      )
      for (const { index } of [tree, scan]) assert.ok(index.worthSaving)
      for (const query of sheet(3, 2, 64, 5)) tree.check({ query, k: 10 })
      for (const query of noise(4, 64, 5)) scan.check({ query, k: 10 })
      tree.index.dispose()
      scan.index.dispose()
    })

    test('the first rows are unlike the rest: a tree becomes a scan by itself', () => {
      const rows = [...sheet(5, 2, 128, 2500), ...noise(6, 128, 6000)]
      const oracle = new Oracle(createAutoIndex({ metric, dim: 128 }), rows)
      assert.equal(oracle.index.kind, 'cover')
      for (let p = 0; p < 5000; p += 3) oracle.remove(p)
      for (const query of noise(7, 128, 4)) oracle.check({ query, k: 10 })
      assert.equal(oracle.index.kind, 'exact')
      oracle.checkCounts()
      for (let p = 0; p < rows.length; p++)
        assert.equal(oracle.index.isLive(p), !oracle.removed.has(p))
      oracle.index.dispose()
    })

    test('the first rows are unlike the rest: instead of a scan an empty tree is handed out', () => {
      const rows = [...noise(8, 256, 1030), ...sheet(9, 2, 256, 2000)]
      // A few odd rows among them are forgiven here, as the trees of a sample would find them dear.
      const rule = { ...AUTO_RULE, margin: 20 }
      const first = new Oracle(new AutoIndex({ metric, dim: 256 }, rule), rows)
      assert.equal(first.index.kind, 'exact')
      const better = settled(first.index)
      assert.ok(better)
      assert.equal(better.count, 0)
      first.check({ query: rows[2000], k: 3 })
      assert.equal(settled(first.index), undefined, 'it is handed out once')
      const second = new Oracle(better, rows)
      for (const query of sheet(10, 2, 256, 4)) second.check({ query, k: 10 })
      assert.equal(better.kind, 'cover')
      first.index.dispose()
      better.dispose()
    })
  })
}

test('up to 1 MiB of floats are scanned, whatever they are', () => {
  const index = createAutoIndex({ metric: 'euclidean', dim: 64 })
  new Oracle(index, sheet(11, 2, 64, 4096)).check({ query: new Float32Array(64), k: 3 })
  assert.equal(index.kind, 'exact')
  assert.ok(index.inMemoryVectors)
  assert.equal(index.strategy!.reason, '4096 rows of 64 dimensions are few: all are scanned')
  index.dispose()
})

test('many rows of few numbers get a tree though their bytes are few', () => {
  const oracle = new Oracle(createAutoIndex({ metric: 'euclidean', dim: 2 }), noise(12, 2, 20_000))
  oracle.check({ query: Float32Array.of(0.1, 0.2), k: 10 })
  assert.equal(oracle.index.kind, 'cover')
  oracle.index.dispose()
})

test('the dot product is always scanned', () => {
  const oracle = new Oracle(createAutoIndex({ metric: 'dot', dim: 64 }), sheet(13, 2, 64, 6000))
  oracle.check({ query: noise(14, 64, 1)[0], k: 10 })
  assert.equal(oracle.index.kind, 'exact')
  assert.match(oracle.index.strategy!.reason, /metric=dot does not obey the triangle inequality/)
  oracle.index.dispose()
})

test('the choice stands until the rows have doubled', () => {
  const oracle = new Oracle(
    createAutoIndex({ metric: 'euclidean', dim: 100 }),
    noise(15, 100, 3000),
  )
  settled(oracle.index)
  // The floats went when 2048 rows were in and more came.
  assert.match(oracle.index.strategy!.reason, /^2048 rows/)
  oracle.append(noise(17, 100, 3000))
  assert.equal(settled(oracle.index), undefined)
  assert.match(oracle.index.strategy!.reason, /^6000 rows/)
  const rest = sheet(18, 2, 100, 6000)
  oracle.append(rest.slice(0, 5999))
  assert.equal(settled(oracle.index), undefined)
  assert.match(oracle.index.strategy!.reason, /^6000 rows/)
  oracle.append(rest.slice(5999))
  // Since then only a sheet was added.
  const better = settled(oracle.index)
  assert.equal(better?.kind, 'cover')
  assert.match(oracle.index.strategy!.reason, /^12000 rows of about \d\.\d dimensions/)
  better.dispose()
  oracle.index.dispose()
})

test('a tree whose queries cost more than a scan is given up', () => {
  const rows = sheet(19, 3, 64, 8200)
  const like = rows.splice(8000)
  const oracle = new Oracle(createAutoIndex({ metric: 'euclidean', dim: 64 }), rows)
  settled(oracle.index)
  assert.equal(oracle.index.kind, 'cover')
  for (const query of like) oracle.index.search({ query, k: 10 })
  assert.equal(oracle.index.kind, 'cover', 'queries like the rows are no reason')
  const far = noise(21, 64, 140).map(query => query.map(x => x * 3))
  for (const query of far) oracle.index.search({ query, k: 10 })
  assert.equal(oracle.index.kind, 'exact')
  assert.match(
    oracle.index.strategy!.reason,
    /^8000 rows: 64 searches visited \d.* of a tree, which pays off below 4\.2 %$/,
  )
  oracle.check({ query: far[0], k: 10 })
  oracle.index.dispose()
})

test('a saved index remembers what was chosen, why and when', () => {
  for (const rows of [sheet(22, 2, 64, 6000), noise(23, 64, 6000)]) {
    const { index } = new Oracle(createAutoIndex({ metric: 'euclidean', dim: 64 }), rows)
    const image = index.save()
    assert.equal(image.kind, index.kind)
    assert.match(image.note!, /^\d{4} \d{4} rows/)
    assert.ok(image.note!.endsWith(` ${index.strategy!.reason}`))
    const restored = new Oracle(restoreAutoIndex(image))
    restored.rows.push(...rows)
    assert.equal(restored.index.strategy!.reason, index.strategy!.reason)
    assert.equal(restored.index.kind, index.kind)
    restored.check({ query: rows[17], k: 10 })
    assert.equal(restored.index.strategy!.reason, index.strategy!.reason)
    restored.append(rows)
    restored.check({ query: rows[17], k: 10 })
    assert.match(restored.index.strategy!.reason, /^12000 rows/)
    for (const { index: used } of [{ index }, restored]) used.dispose()
  }
})

test('an image without a note, or with a foreign one, is judged anew', () => {
  const rows = sheet(24, 2, 64, 6000)
  const { index } = new Oracle(createAutoIndex({ metric: 'cosine', dim: 64 }), rows)
  const { note, ...image } = index.save()
  assert.ok(note)
  for (const foreign of ['', 'x', '-1 why', '99999999999 why', '12 ']) {
    const restored = restoreAutoIndex({ ...image, note: foreign })
    restored.search({ query: rows[0], k: 1 })
    assert.equal(restored.strategy!.reason, index.strategy!.reason)
    restored.dispose()
  }
  const scan = new Oracle(createAutoIndex({ metric: 'cosine', dim: 64 }), noise(25, 64, 6000)).index
  const { sections } = scan.save()
  const restored = restoreAutoIndex({ ...scan.save(), sections, note: 'none' })
  restored.search({ query: rows[0], k: 1 })
  assert.equal(restored.strategy!.reason, '6000 rows that were not analyzed')
  for (const used of [index, scan, restored]) used.dispose()
})

test('options and images are refused at the door', () => {
  const option = { code: 'VEC_OPTION' }
  assert.throws(() => createAutoIndex({ metric: 'cosine', dim: 3, base: 1 }), option)
  assert.throws(() => createAutoIndex({ metric: 'cosine', dim: 3, bound: 'x' as 'level' }), option)
  assert.throws(() => createAutoIndex({ metric: 'cosine', dim: 0 }), RangeError)
  const index = createAutoIndex({ metric: 'cosine', dim: 3 })
  const image = index.save()
  assert.throws(() => restoreAutoIndex({ ...image, sections: [] }), { code: 'VEC_STORAGE' })
  assert.throws(() => restoreAutoIndex({ ...image, kind: 'cover' }), { code: 'VEC_STORAGE' })
  index.dispose()
})

test('a sample holds every row with the same chance, in whatever batches they pass', () => {
  const r = random(26)
  const seen = new Float64Array(40)
  for (let round = 0; round < 500; round++) {
    const sample = new Reservoir(1, 50, 1 << 20)
    // The generator of a sample begins the same way always: what differs is where a row stands.
    const rows = Float32Array.from({ length: 4000 }, (_, i) => i)
    const turn = r.below(4000)
    const turned = Float32Array.from({ length: 4000 }, (_, i) => rows[(i + turn) % 4000])
    for (let at = 0; at < 4000;) {
      const count = Math.min(4000 - at, 1 + r.below(900))
      sample.pass(turned.subarray(at, at + count), count)
      at += count
    }
    assert.equal(new Set(sample.values).size, 50)
    for (const value of sample.values) seen[Math.floor(value / 100)]++
  }
  // 625 each are expected, with a deviation of 25.
  for (const count of seen) assert.ok(count > 475 && count < 775, seen.join(' '))
})

test('rows late in a stream are drawn as often as early ones', () => {
  const sample = new Reservoir(1, 1000, 1 << 20)
  for (let at = 0; at < 100_000; at += 1000) {
    sample.pass(
      Float32Array.from({ length: 1000 }, (_, i) => at + i),
      1000,
    )
  }
  const tenths = new Float64Array(10)
  for (const value of sample.values) tenths[Math.floor(value / 10_000)]++
  for (const count of tenths) assert.ok(count > 60 && count < 140, tenths.join(' '))
})

test('the dimensions of sheets are seen, roughly', () => {
  for (const [inner, least, most] of [
    [1, 0.7, 1.4],
    [2, 1.4, 2.6],
    [4, 2.6, 4.8],
    [8, 4.5, 8],
  ]) {
    const rows = sheet(27 + inner, inner, 40, 1024)
    const flat = new Float32Array(rows.length * 40)
    for (const [i, row] of rows.entries()) flat.set(row, i * 40)
    for (const metric of ['cosine', 'euclidean', 'manhattan'] as const) {
      const found = intrinsicDimension(metric, 40, flat)
      assert.ok(found > least && found < most, `${inner} dimensions look like ${found}, ${metric}`)
    }
  }
  const equal = new Float32Array(3 * 100).fill(1)
  assert.equal(intrinsicDimension('euclidean', 3, equal), 0)
  assert.equal(intrinsicDimension('cosine', 3, new Float32Array(0)), 0)
})

test('wide rows get a tree too', () => {
  const dim = 1536
  const rows = sheet(40, 2, dim, 3000)
  const first = new Oracle(createAutoIndex({ metric: 'cosine', dim }), rows)
  const better = settled(first.index)
  assert.ok(better)
  const second = new Oracle(better, rows)
  second.check({ query: rows[5], k: 10 })
  assert.equal(better.kind, 'cover')
  first.index.dispose()
  better.dispose()
})
