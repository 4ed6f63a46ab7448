// How fast a replica follows: `node dist/bench/sync/throughput.js [documents] [mariadb|postgres|sqlite]`.
// Prints the machine, then rates of bootstrap and of applying a ready log, and the memory both took.

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDataset } from '../../src/entries/vecsync.ts'
import { installUpstream } from '../../src/entries/vecsync.ts'
import { createReplicator } from '../../src/entries/vecsync.ts'
import { openSqlite } from '../../test/sync/sqlite-database.ts'
import { upstreamKinds, type TestUpstream } from '../../test/sync/test-upstreams.ts'

const DIMENSIONS = 384 // 1,536 bytes
const documents = Number(process.argv[2] ?? 20_000)
const wanted = process.argv[3] ?? 'mariadb'

const kind = upstreamKinds.find(({ name }) => name.toLowerCase().startsWith(wanted.slice(0, 5)))
if (kind === undefined || kind.missing !== undefined) throw new Error(kind?.missing ?? wanted)

console.log(
  `${cpus()[0].model} x ${cpus().length}, Node ${process.versions.node}, ${kind.name}, ${documents} documents, seed 1`,
)
const upstream = await kind.make()
const directory = mkdtempSync(join(tmpdir(), 'vecsync-bench-'))
try {
  await installUpstream(upstream.upstream)
  await createDataset(upstream.upstream, 'd')
  const idle = process.memoryUsage.rss()

  // Before the first document: everything that follows comes from the log.
  const fromLog = openSqlite(join(directory, 'log.db'))
  const tail = createReplicator({ source: upstream.upstream, replica: fromLog })
  while ((await tail.pass()).more);

  const wrote = await seconds(() => write(upstream))
  console.log(`written: ${rate(wrote)} documents/s`)

  const sampler = memorySampler()
  const applied = await seconds(async () => {
    while ((await tail.pass()).more);
  })
  console.log(`apply from a ready log: ${rate(applied)} documents/s`)
  const copy = openSqlite(join(directory, 'copy.db'))
  const bootstrap = createReplicator({ source: upstream.upstream, replica: copy })
  const copied = await seconds(async () => {
    while ((await bootstrap.pass()).more);
  })
  console.log(`bootstrap: ${rate(copied)} documents/s`)
  const verified = await seconds(async () => {
    if (!(await tail.verify()).equal) throw new Error('the log left another replica')
    if (!(await bootstrap.verify()).equal) throw new Error('the bootstrap left another replica')
  })
  console.log(`verify: ${rate(verified / 2)} documents/s`)
  console.log(
    `resident over the idle process, at most: ${((sampler() - idle) / 2 ** 20).toFixed(0)} MiB`,
  )
  await tail.close()
  await bootstrap.close()
} finally {
  await upstream.remove()
  rmSync(directory, { recursive: true })
}

async function write(to: TestUpstream): Promise<void> {
  const client = await to.client()
  let state = 1
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
  for (let from = 0; from < documents; from += 200) {
    const rows: string[] = []
    for (let i = from; i < Math.min(from + 200, documents); i++) {
      const vector = Float32Array.from({ length: DIMENSIONS }, () => random() - 0.5)
      const hex = Buffer.from(vector.buffer).toString('hex')
      rows.push(
        `('d', 'doc-${String(i).padStart(8, '0')}', 'document ${i}', '{"n":${i}}', ${to.blob(hex)})`,
      )
    }
    await client.sql(
      `INSERT INTO shadow_vec_docs (dataset_id, id, content, meta, embedding) VALUES ${rows.join(', ')}`,
    )
  }
  await client.end()
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

function rate(took: number): string {
  return Math.round(documents / took).toLocaleString('en-US')
}

function memorySampler(): () => number {
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  return () => {
    clearInterval(timer)
    return Math.max(most, process.memoryUsage.rss())
  }
}
