// How far a replica is behind: `node dist/bench/sync/lag.js [seconds] [changes per second] [mariadb|postgres|sqlite]`.
// Every change carries the moment it was committed. Then, with 1,000 datasets
// and nothing to do, what an idle second costs.

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDataset } from '../../src/entries/vecsync.ts'
import { installUpstream } from '../../src/entries/vecsync.ts'
import { createReplicator } from '../../src/entries/vecsync.ts'
import type { Upstream } from '../../src/entries/vecsync.ts'
import { openSqlite } from '../../test/sync/sqlite-database.ts'
import { upstreamKinds } from '../../test/sync/test-upstreams.ts'

const seconds = Number(process.argv[2] ?? 10)
const perSecond = Number(process.argv[3] ?? 1000)
const wanted = process.argv[4] ?? 'mariadb'
const kind = upstreamKinds.find(({ name }) => name.toLowerCase().startsWith(wanted.slice(0, 5)))
if (kind === undefined || kind.missing !== undefined) throw new Error(kind?.missing ?? wanted)
console.log(
  `${cpus()[0].model} x ${cpus().length}, Node ${process.versions.node}, ${kind.name}, ${perSecond} changes/s for ${seconds} s`,
)

const server = await kind.make()
const directory = mkdtempSync(join(tmpdir(), 'vecsync-lag-'))
try {
  await installUpstream(server.upstream)
  await createDataset(server.upstream, 'd')
  const replica = openSqlite(join(directory, 'replica.db'))
  let statements = 0
  const replicator = createReplicator({
    source: counted(server.upstream, () => statements++),
    replica,
  })
  const stop = new AbortController()
  const following = replicator.follow(stop.signal)
  const committed: number[] = []
  const lags: number[] = []
  replicator.on('progress', event => {
    // Called when the batch is committed on the replica.
    const now = performance.now()
    for (let scn = Number(event.lastScn) - event.applied; scn < Number(event.lastScn); scn++) {
      if (committed[scn] !== undefined) lags.push(now - committed[scn])
    }
  })
  await replicator.waitFor(0n)
  const client = await server.client()
  const start = performance.now()
  const hex = '0000803f'.repeat(384)
  for (let written = 0; written < seconds * perSecond;) {
    const due = Math.min(seconds * perSecond, ((performance.now() - start) / 1000) * perSecond)
    const rows = Math.min(20, Math.floor(due) - written)
    if (rows <= 0) {
      await new Promise(resolve => {
        setTimeout(resolve, 2)
      })
      continue
    }
    const values = Array.from(
      { length: rows },
      (_, i) => `('d', 'doc${written + i}', ${server.blob(hex)})`,
    )
    await client.sql(
      `INSERT INTO shadow_vec_docs (dataset_id, id, embedding) VALUES ${values.join(', ')}`,
    )
    const now = performance.now()
    for (let i = 0; i < rows; i++) committed[written + i] = now
    written += rows
  }
  const took = (performance.now() - start) / 1000
  await replicator.waitFor(BigInt(seconds * perSecond), 60_000)
  lags.sort((a, b) => a - b)
  const at = (part: number): string => lags[Math.floor((lags.length - 1) * part)].toFixed(0)
  console.log(
    `${lags.length} changes at ${(lags.length / took).toFixed(0)}/s: lag p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`,
  )

  for (let i = 0; i < 1000; i++) {
    await client.sql(`INSERT INTO vec_dataset (dataset_id) VALUES ('many-${i}')`)
  }
  await replicator.waitFor({ datasetId: 'many-999', scn: 0n }, 120_000)
  await new Promise(resolve => {
    setTimeout(resolve, 6000)
  })
  const before = { statements, cpu: process.cpuUsage(), at: performance.now() }
  await new Promise(resolve => {
    setTimeout(resolve, 5000)
  })
  const cpu = process.cpuUsage(before.cpu)
  const idle = (performance.now() - before.at) / 1000
  console.log(
    `idle with 1,001 datasets: ${((statements - before.statements) / idle).toFixed(1)} statements/s, ${((cpu.user + cpu.system) / 1e4 / idle).toFixed(1)} % of a core`,
  )
  stop.abort()
  await following
  await client.end()
} finally {
  await server.remove()
  rmSync(directory, { recursive: true })
}

function counted(upstream: Upstream, count: () => void): Upstream {
  return {
    ...upstream,
    async connect() {
      const session = await upstream.connect()
      return {
        rows: (...args) => {
          count()
          return session.rows(...args)
        },
        run: (...args) => {
          count()
          return session.run(...args)
        },
        close: () => session.close(),
        destroy: () => session.destroy(),
      }
    },
  }
}
