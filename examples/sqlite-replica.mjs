// A replica that follows a SQLite file: `node examples/sqlite-replica.mjs upstream.sqlite replica.sqlite`. Other programs
// write documents to the upstream; here they are searched.

import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { open } from 'sqlite-vec-ts'
import {
  createDataset,
  createReplicator,
  installUpstream,
  sqliteUpstream,
} from 'sqlite-vec-ts/vecsync'

/** Makes the tables and triggers of an upstream. It may be called again. */
export async function prepareUpstream(path, dataset) {
  const upstream = sqliteUpstream(() => open(path, { register: false }))
  await installUpstream(upstream)
  await createDataset(upstream, dataset)
  return upstream
}

/** Opens a replica whose vec table `docs` follows the upstream. */
export async function openReplica(upstream, path) {
  const replica = await open(path)
  replica.exec('CREATE VIRTUAL TABLE IF NOT EXISTS docs USING vec(doc_id)')
  const replicator = createReplicator({ source: upstream, replica, replicaTable: '_vec_docs' })
  replicator.on('warning', ({ message }) => console.warn(message))
  return { replica, replicator }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [from = 'upstream.sqlite', to = 'replica.sqlite'] = process.argv.slice(2)
  const { replica, replicator } = await openReplica(await prepareUpstream(from, 'all'), to)
  replicator.on('progress', ({ datasetId, lastScn }) =>
    console.log(`${datasetId} is at ${lastScn}`),
  )
  const stop = new AbortController()
  const ended = replicator.follow(stop.signal)
  await once(process, 'SIGINT')
  stop.abort()
  await ended
  replica.close()
}
