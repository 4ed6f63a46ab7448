import { makeMariadb, mariadbMissing, type MariadbServer } from './mariadb.ts'
import { found, freePort } from './process.ts'

const PROVIDER = found(
  '/usr/lib/galera/libgalera_smm.so',
  '/usr/lib/libgalera_smm.so',
  '/usr/lib64/galera-4/libgalera_smm.so',
)

/** Why tests against a Galera cluster are left out; undefined when they run. */
export const galeraMissing: string | undefined =
  mariadbMissing ??
  (PROVIDER === undefined ? 'Galera is not installed (apt-get install galera-4 rsync)' : undefined)

/** Three MariaDB servers that commit together, on loopback. */
export interface GaleraCluster {
  readonly nodes: readonly MariadbServer[]
  remove(): Promise<void>
}

/** A node that joins now and then waits for ever for the copy that another one sends: then a new cluster is made. */
const ATTEMPTS = 3

export async function startGalera(): Promise<GaleraCluster> {
  const errors: unknown[] = []
  while (errors.length < ATTEMPTS) {
    try {
      return await startNodes()
    } catch (error) {
      errors.push(error)
    }
  }
  throw new AggregateError(errors, `a Galera cluster did not start in ${ATTEMPTS} attempts`)
}

async function startNodes(): Promise<GaleraCluster> {
  const places: { group: number; transfer: number; state: number }[] = []
  for (let i = 0; i < 3; i++) {
    places.push({
      group: await freePort(),
      transfer: await freePort(),
      state: await freePort(),
    })
  }
  const members = places.map(({ group }) => `127.0.0.1:${group}`).join(',')
  const nodes: MariadbServer[] = []
  try {
    for (const [i, { group, transfer, state }] of places.entries()) {
      const node = await makeMariadb({
        args: [
          '--skip-log-bin',
          '--binlog-format=ROW',
          '--innodb-autoinc-lock-mode=2',
          '--wsrep-on=ON',
          `--wsrep-provider=${PROVIDER}`,
          '--wsrep-cluster-name=vecsync',
          `--wsrep-cluster-address=gcomm://${members}`,
          `--wsrep-node-name=n${i}`,
          `--wsrep-node-address=127.0.0.1:${group}`,
          `--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:${group};ist.recv_addr=127.0.0.1:${transfer};gcache.size=32M`,
          '--wsrep-sst-method=rsync',
          `--wsrep-sst-receive-address=127.0.0.1:${state}`,
        ],
      })
      nodes.push(node)
      await node.start(i === 0 ? ['--wsrep-new-cluster'] : [])
    }
  } catch (error) {
    for (const node of nodes) await node.remove()
    throw error
  }
  return {
    nodes,
    async remove() {
      for (const node of nodes.toReversed()) await node.remove()
    },
  }
}
