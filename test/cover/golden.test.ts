import assert from 'node:assert/strict'
import { test } from 'node:test'
import { magnitude } from '../../src/core/similarity.ts'
import { createCoverIndex } from '../../src/index/kinds/cover-tree/cover-index.ts'
import { decodeOriginal } from '../../src/viant/formats/decode-original.ts'
import { floats, goldenBytes, goldenSets } from '../original/golden-set.ts'
import { Oracle } from './oracle.ts'

// The original's cover answers may miss neighbours (its scores are checked in test/original): ours must not.
for (const set of goldenSets()) {
  for (const blob of set.blobs) {
    const tree = decodeOriginal(goldenBytes(blob.file))
    if (tree.kind !== 'cover' || tree.dim === 0) continue
    const finite = tree.vectors.every(Number.isFinite)
    const skip = finite ? false : 'an index takes finite numbers only'
    test(`the rows of ${blob.file} are searched exactly`, { skip }, () => {
      const { dim, distance, ids, vectors } = tree
      // A base that loads in the original need not be one.
      const base = tree.base > 1 ? tree.base : 1.3
      const index = createCoverIndex({ metric: distance, dim, base })
      const oracle = new Oracle(distance)
      const rows = Array.from({ length: ids.count }, (_, i) =>
        vectors.slice(i * dim, (i + 1) * dim),
      )
      oracle.append(index, rows)
      index.save()
      let searches = 0
      for (const { name, hex } of set.queries) {
        const query = floats(hex)
        if (query.length !== dim || !query.every(Number.isFinite) || magnitude(query) === 0)
          continue
        for (const k of [1, 3, 10, ids.count]) {
          oracle.check(index, { query, k }, `${blob.file} ${name} k ${k}`)
          searches++
        }
      }
      assert.ok(searches > 0)
    })
  }
}
