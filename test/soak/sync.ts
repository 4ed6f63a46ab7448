// Convergence under chaos: `node dist/test/soak/sync.js`. Eight writers, a replicator that is killed again and again, a
// server that is killed and whose connections are cut; at the end both sides must have the same checksums. Environment:
// CHAOS_SEED, CHAOS_OPS (changes in the log, about), CHAOS_UPSTREAM (mariadb, postgres, sqlite), CHAOS_PACE (milliseconds
// between blows, at most).

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDataset, createReplicator, installUpstream } from '../../src/entries/vecsync.ts'
import { seedFor } from '../seed.ts'
import { openSqlite } from '../sync/sqlite-database.ts'
import { upstreamKinds } from '../sync/test-upstreams.ts'
import { Random } from './random.ts'
import { writeAtRandom, type WriterTally } from './sync-writer.ts'

// Some touch many rows, some none, some are rolled back.
const CHANGES_PER_STATEMENT = 1.3

const seed = seedFor('CHAOS_SEED')
const changes = Number(process.env['CHAOS_OPS'] ?? 20_000)
const pace = Number(process.env['CHAOS_PACE'] ?? 3000)
const name = process.env['CHAOS_UPSTREAM'] ?? 'mariadb'
const kind = upstreamKinds.find(candidate =>
  candidate.name.toLowerCase().startsWith(name.slice(0, 5)),
)
if (kind === undefined)
  throw new Error(`CHAOS_UPSTREAM is mariadb, postgres or sqlite, not ${name}`)
if (kind.missing !== undefined) throw new Error(kind.missing)

console.log(
  `CHAOS_SEED=${seed} CHAOS_OPS=${changes} CHAOS_UPSTREAM=${name}; ${cpus()[0].model} x ${cpus().length}, Node ${process.versions.node}`,
)
const random = new Random(seed)
const upstream = await kind.make()
const directory = mkdtempSync(join(tmpdir(), 'vecsync-soak-'))
const replicaPath = join(directory, 'replica.db')
const datasets = ['alpha', 'beta', 'gamma']
const start = performance.now()
const tally: WriterTally = { statements: 0, rollbacks: 0, conflicts: 0, reconnects: 0 }
const chaos = { replicatorKills: 0, serverKills: 0, cuts: 0 }

let child: ChildProcess | undefined
function startChild(): void {
  child = spawn(process.execPath, [fileURLToPath(new URL('sync-child.js', import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      UPSTREAMS: JSON.stringify([upstream.address()]),
      REPLICA: replicaPath,
      BATCH: String(20 + random.below(400)),
    },
  })
}

async function endChild(signal: NodeJS.Signals): Promise<void> {
  const ending = child
  if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
  const gone = new Promise(resolve => {
    ending.once('exit', resolve)
  })
  ending.kill(signal)
  await gone
}

try {
  await installUpstream(upstream.upstream)
  for (const dataset of datasets) await createDataset(upstream.upstream, dataset)
  startChild()
  const each = Math.ceil(changes / 8 / CHANGES_PER_STATEMENT)
  const progress = { writing: true }
  const writers = Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      writeAtRandom(
        {
          upstream,
          seed: seed * 31 + n,
          statements: each,
          datasets,
          documents: 2000,
          replace: kind.name !== 'PostgreSQL',
          ignore: kind.name === 'MariaDB',
        },
        tally,
      ),
    ),
  ).finally(() => {
    progress.writing = false
  })
  while (progress.writing) {
    await Promise.race([writers, sleep(pace / 6 + random.below(pace))])
    if (!progress.writing) break
    const dice = random.next()
    if (dice < 0.6) {
      chaos.replicatorKills++
      await endChild('SIGKILL')
      startChild()
    } else if (dice < 0.8 || upstream.kill === undefined) {
      chaos.cuts++
      await upstream.cut()
    } else {
      chaos.serverKills++
      await upstream.kill()
      await sleep(random.below(500))
      await upstream.start!()
    }
  }
  await writers
  const wrote = (performance.now() - start) / 1000
  await endChild('SIGTERM')

  const replica = openSqlite(replicaPath)
  const replicator = createReplicator({ source: upstream.upstream, replica, leaseDuration: 1000 })
  const behind = performance.now()
  for (;;) {
    const result = await replicator.pass()
    if (result.standby) await sleep(200)
    else if (!result.more) break
  }
  const caught = (performance.now() - behind) / 1000
  const client = await upstream.client()
  const [{ n }] = await client.sql('SELECT count(*) AS n FROM vec_shadow_log')
  await client.end()
  const report = await replicator.verify()
  const status = replicator.status()
  console.log(
    `${String(n)} changes from ${tally.statements} statements in ${wrote.toFixed(0)} s (${tally.rollbacks} rollbacks, ${tally.conflicts} conflicts, ${tally.reconnects} reconnects), ` +
      `${chaos.replicatorKills} replicators and ${chaos.serverKills} servers killed, ${chaos.cuts} times all connections cut, caught up in ${caught.toFixed(1)} s`,
  )
  let lost = 0
  for (const dataset of report.datasets) {
    lost += dataset.differences.length
    console.log(
      `${dataset.datasetId}: ${dataset.equal ? 'EQUAL' : 'DIFFERENT'} at ${dataset.scn}, ${dataset.upstream.rows} rows, ${dataset.upstream.checksum} / ${dataset.replica.checksum}${dataset.skipped === undefined ? '' : `, ${dataset.skipped}`}`,
    )
  }
  await replicator.close()
  replica.close()
  const live = status.datasets.every(({ state }) => state === 'live')
  if (!report.equal || !live || report.datasets.length !== datasets.length) {
    console.log(`FAILED: ${lost} rows differ`)
    process.exitCode = 1
  } else {
    console.log('0 lost')
  }
} finally {
  await endChild('SIGKILL')
  await upstream.remove()
  rmSync(directory, { recursive: true, force: true })
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, milliseconds)
  })
}
