// Opens what a peer has saved, searches once and ends: `node first-search-peer.js sqlite-vec|hnswlib file dim`.

import { createHnsw, openSqliteVec } from '../peers/native.ts'
import { PEER_NEAREST } from './nearest.ts'

const [peer, path, dim] = process.argv.slice(2)
const query = Float32Array.from({ length: Number(dim) }, (_, i) => Math.sin(i + 1))
let found: number
if (peer === 'sqlite-vec') {
  const db = openSqliteVec(path)!
  found = db.prepare(PEER_NEAREST).all(query).length
  db.close()
} else {
  const index = createHnsw(Number(dim))!
  index.readIndexSync(path)
  index.setEf(100)
  found = index.searchKnn(Array.from(query), 10).neighbors.length
}
if (found !== 10) throw new Error('the search found too few rows')
