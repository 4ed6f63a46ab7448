import { after, before, describe } from 'node:test'
import {
  createDataset,
  createReplicator,
  installUpstream,
  type Replicator,
  type ReplicatorOptions,
} from '../../src/entries/vecsync.ts'
import { openSqlite, type TestConnection } from './sqlite-database.ts'
import {
  upstreamKinds,
  type TestUpstream,
  type UpstreamClient,
  type UpstreamKind,
} from './test-upstreams.ts'

/** An upstream with dataset 'd', a client of it, and replicas; everything is closed at the end. */
export class World {
  readonly upstream: TestUpstream
  readonly client: UpstreamClient
  readonly #replicators: Replicator[] = []
  readonly #replicas: TestConnection[] = []

  static async make(upstream: TestUpstream, install = true): Promise<World> {
    await upstream.fresh()
    if (install) {
      await installUpstream(upstream.upstream)
      await createDataset(upstream.upstream, 'd')
    }
    return new World(upstream, await upstream.client())
  }

  constructor(upstream: TestUpstream, client: UpstreamClient) {
    this.upstream = upstream
    this.client = client
  }

  sql(text: string): Promise<Record<string, unknown>[]> {
    return this.client.sql(text)
  }

  put(id: string, content: string | null = id, hex: string | null = null): Promise<unknown> {
    return this.sql(this.upstream.upsert('d', id, content, hex))
  }

  replica(path?: string): TestConnection {
    const replica = openSqlite(path)
    this.#replicas.push(replica)
    return replica
  }

  replicator(replica: TestConnection, options: Partial<ReplicatorOptions> = {}): Replicator {
    const replicator = createReplicator({ source: this.upstream.upstream, replica, ...options })
    this.#replicators.push(replicator)
    return replicator
  }

  /** The log of dataset 'd' as op:id, in order. */
  async log(dataset = 'd'): Promise<string[]> {
    const rows = await this.sql(
      `SELECT op, document_id AS id FROM vec_shadow_log WHERE dataset_id = '${dataset}' ORDER BY scn`,
    )
    return rows.map(row => `${String(row['op'])}:${String(row['id'])}`)
  }

  async scns(dataset = 'd'): Promise<number[]> {
    const rows = await this.sql(
      `SELECT scn FROM vec_shadow_log WHERE dataset_id = '${dataset}' ORDER BY scn`,
    )
    return rows.map(row => Number(row['scn']))
  }

  async close(): Promise<void> {
    for (const replicator of this.#replicators) await replicator.close()
    for (const replica of this.#replicas) replica.close()
    await this.client.end()
  }
}

/** Passes until there is nothing more. */
export async function drain(replicator: Replicator): Promise<number> {
  let applied = 0
  for (;;) {
    const result = await replicator.pass()
    if (result.standby) throw new Error('another replicator holds the lease')
    applied += result.applied
    if (!result.more) return applied
  }
}

/** The ids of a replica's dataset. */
export function idsOf(replica: TestConnection, dataset = 'd'): string[] {
  const rows = replica
    .prepare('SELECT id FROM shadow_vec_docs WHERE dataset_id = ? ORDER BY id')
    .all(dataset)
  return (rows as { id: string }[]).map(row => row.id)
}

/** One suite over every real upstream; where a server is missing, its part says so. */
export function onEachUpstream(
  title: string,
  suite: (
    world: () => Promise<World>,
    kind: UpstreamKind['name'],
    upstream: () => TestUpstream,
  ) => void,
  kinds: readonly UpstreamKind['name'][] = ['MariaDB', 'PostgreSQL', 'SQLite'],
  options: { deadline?: number } = {},
): void {
  for (const kind of upstreamKinds) {
    if (!kinds.includes(kind.name)) continue
    describe(`${title}, ${kind.name}`, { skip: kind.missing ?? false }, () => {
      let upstream: TestUpstream | undefined
      before(async () => {
        upstream = await kind.make(options)
      })
      after(() => upstream?.remove())
      suite(
        () => World.make(upstream!),
        kind.name,
        () => upstream!,
      )
    })
  }
}

/** Runs with a world of its own. */
export async function within(
  world: () => Promise<World>,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const made = await world()
  try {
    await work(made)
  } finally {
    await made.close()
  }
}
