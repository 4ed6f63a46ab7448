import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { EFFORTS, graphPeers } from '../../bench/cases/graphs.ts'
import { drawMixture, queryOf, type DataSet } from '../../bench/data/sets.ts'
import { Oracle } from '../../bench/peers/oracle.ts'

const folder = mkdtempSync(join(tmpdir(), 'graph-peers-'))
process.env['SVEC_CACHE'] = folder
after(() => rmSync(folder, { recursive: true, force: true }))

const DIM = 16
const ROWS = 3000
const QUERIES = 50

const drawn = drawMixture(3, ROWS + QUERIES, DIM)
const set: DataSet = {
  name: 'small mixture',
  key: 'small-mixture',
  dim: DIM,
  ids: Array.from({ length: ROWS }, (_, i) => `row ${i}`),
  rows: drawn.subarray(0, ROWS * DIM),
  queries: drawn.subarray(ROWS * DIM),
  queryCount: QUERIES,
}

test('hnswlib and usearch find nearly all of the nearest rows, from a built graph and from the cached one', () => {
  const oracle = new Oracle(set)
  for (const built of [true, false]) {
    const peers = graphPeers(set)
    assert.deepEqual(
      peers.map(({ name }) => name),
      ['hnswlib', 'usearch'],
    )
    for (const { name, nearest } of peers) {
      const found = EFFORTS.map(effort => recallOf(oracle, query => nearest(query, effort)))
      assert.ok(found.at(-1)! > 0.99, `${name}, built ${built}: recall ${found.join(', ')}`)
      assert.ok(found[0] < found.at(-1)!, `${name} has one effort: recall ${found.join(', ')}`)
    }
    assert.deepEqual(
      readdirSync(join(folder, 'bench')).filter(file => file.endsWith('.bin')),
      ['hnsw-small-mixture-16-200.bin', 'usearch-small-mixture-16-200.bin'],
    )
  }
})

function recallOf(oracle: Oracle, nearest: (query: Float32Array) => readonly number[]): number {
  let found = 0
  for (let i = 0; i < QUERIES; i++) {
    const ids = new Set(nearest(queryOf(set, i)).map(row => set.ids[row]))
    found += oracle.nearest(i, 10).filter(id => ids.has(id)).length
  }
  return found / (10 * QUERIES)
}
