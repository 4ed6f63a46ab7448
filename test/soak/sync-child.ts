// A replicator that follows until it is killed. Environment: UPSTREAMS (a JSON list of addresses, the next after each
// failure), REPLICA, BATCH.

import { createReplicator } from '../../src/entries/vecsync.ts'
import { openSqlite } from '../sync/sqlite-database.ts'
import { upstreamAt, type UpstreamAddress } from '../sync/test-upstreams.ts'

const { UPSTREAMS, REPLICA, BATCH } = process.env
const addresses = JSON.parse(UPSTREAMS!) as UpstreamAddress[]
const upstreams = addresses.map(address => upstreamAt(address, { deadline: 10_000 }))
let turn = Number(process.env['TURN'] ?? 0)

const replicator = createReplicator({
  source: {
    ...upstreams[0],
    connect: () => upstreams[turn++ % upstreams.length].connect(),
  },
  replica: openSqlite(REPLICA),
  batchSize: Number(BATCH ?? 200),
  interval: 20,
  leaseDuration: 1000,
})
replicator.on('state', event => {
  if (event.to === 'halted')
    console.error(`halted ${event.datasetId}: ${event.code} ${event.message}`)
})
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
await replicator.follow(stop.signal)
