import { VecError } from '../core/errors.ts'
import { integerIn, oneOf, textIn } from './answer.ts'
import { hasTriggers } from './capture.ts'
import { Source } from './source.ts'
import { SHADOW_TABLE } from './sync-names.ts'
import type { UpstreamSession } from './upstream-session.ts'
import type { Upstream } from './upstream.ts'
import { writeTransaction } from './write-transaction.ts'

export interface DatasetOptions {
  readonly shadowTable?: string
  readonly prefix?: string
}

/**
 * Creates a dataset, or re-creates a dropped one with a new epoch. An existing dataset stays as it is.
 *
 *     await createDataset(upstream, 'docs', { description: 'Handbook' })
 */
export async function createDataset(
  upstream: Upstream,
  datasetId: string,
  options: DatasetOptions & {
    readonly description?: string
    readonly sourceUri?: string
  } = {},
): Promise<void> {
  checkKey(datasetId, 'dataset')
  await withSource(upstream, options, source =>
    writeTransaction(source, 10, async session => {
      const { writing } = source.sql
      await session.run(writing.insertDataset, [
        datasetId,
        options.description ?? null,
        options.sourceUri ?? null,
      ])
      await session.run(writing.reviveDataset, [datasetId])
    }),
  )
}

/**
 * Deletes a dataset's documents in chunks, logs the drop and leaves a tombstone. Replicas follow and drop it too. The
 * counter stays, so a dataset that is created again under this name continues its numbers.
 */
export async function dropDataset(
  upstream: Upstream,
  datasetId: string,
  options: DatasetOptions = {},
): Promise<void> {
  await withSource(upstream, options, source => dropThrough(source, datasetId))
}

export async function dropThrough(source: Source, datasetId: string): Promise<void> {
  const { writing } = source.sql
  const triggers = await source.use(session => hasTriggers(source, session))
  while (
    (await writeTransaction(source, 10, session => chunk(source, session, datasetId, triggers))) > 0
  );
  await writeTransaction(source, 10, async session => {
    // The tombstone comes first: by its row lock, it waits for a running writer or makes a new one wait.
    const found = await session.run(writing.tombstone, [datasetId])
    if (found === 0) return
    while ((await chunk(source, session, datasetId, triggers)) > 0);
    const scn = await takeNumbers(source, session, datasetId, 1)
    await session.run(writing.insertLog(1), [datasetId, scn, 'drop', '', '{}'])
  })
}

async function chunk(
  source: Source,
  session: UpstreamSession,
  datasetId: string,
  triggers: boolean,
): Promise<number> {
  const { writing } = source.sql
  const ids = (await session.rows(writing.someIds(500), [datasetId])).map(row => textIn(row, 'id'))
  const deleted: string[] = []
  for (const id of ids) {
    if ((await session.run(writing.deleteDocument, [datasetId, id])) > 0) deleted.push(id)
  }
  if (!triggers && deleted.length > 0) {
    const last = await takeNumbers(source, session, datasetId, deleted.length)
    const first = last - BigInt(deleted.length) + 1n
    await session.run(
      writing.insertLog(deleted.length),
      deleted.flatMap((id, i) => [datasetId, first + BigInt(i), 'delete', id, '{}']),
    )
  }
  return ids.length
}

/** Locks the counter until COMMIT, so it is always called right before the log is written. Returns the last number. */
export async function takeNumbers(
  source: Source,
  session: UpstreamSession,
  datasetId: string,
  count: number,
): Promise<bigint> {
  const { writing } = source.sql
  await session.run(writing.bumpCounter, [datasetId, BigInt(count)])
  const rows = await session.rows(writing.readCounter, [datasetId])
  return integerIn(oneOf(rows), 'last_scn')
}

/**
 * The last change of a dataset in the upstream: the number to wait for on a replica.
 *
 *     await replicator.waitFor({ datasetId: 'docs', scn: await position(upstream, 'docs') })
 */
export async function position(
  upstream: Upstream,
  datasetId: string,
  options: DatasetOptions = {},
): Promise<bigint> {
  return withSource(upstream, options, source =>
    source.use(async session => {
      const [row] = await session.rows(source.sql.writing.readCounter, [datasetId])
      return row === undefined ? 0n : integerIn(row, 'last_scn')
    }),
  )
}

export function checkKey(key: string, what: string): void {
  if (typeof key !== 'string' || key.length > 191) {
    throw new VecError(
      'SYNC_UPSTREAM',
      `a ${what} can have at most 191 characters, got ${key.length}`,
    )
  }
}

export async function withSource<T>(
  upstream: Upstream,
  options: DatasetOptions,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const { shadowTable = SHADOW_TABLE, prefix } = options
  const source = new Source(upstream, shadowTable, { prefix })
  try {
    return await work(source)
  } finally {
    await source.close()
  }
}
