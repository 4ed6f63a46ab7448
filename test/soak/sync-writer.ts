import type { UpstreamClient, WritableUpstream } from '../sync/test-upstreams.ts'
import { Random } from './random.ts'

export interface WriterTally {
  statements: number
  rollbacks: number
  conflicts: number
  reconnects: number
}

export interface ChaosWriter {
  readonly upstream: WritableUpstream
  readonly seed: number
  readonly statements: number
  readonly datasets: readonly string[]
  /** Ids are drawn from this many per dataset. */
  readonly documents: number
  readonly replace: boolean
  readonly ignore: boolean
}

/** One client that writes at random: single and many rows, deletes, REPLACE, archive, transactions, 15 % rolled back. */
export async function writeAtRandom(writer: ChaosWriter, tally: WriterTally): Promise<void> {
  const { upstream } = writer
  const random = new Random(writer.seed)
  let client: UpstreamClient | undefined
  let open = false
  for (let left = writer.statements; left > 0;) {
    try {
      client ??= await upstream.client()
      if (!open && random.next() < 0.5) {
        await client.sql('BEGIN')
        open = true
      }
      await client.sql(statement(writer, random))
      tally.statements++
      left--
      if (open && random.next() < 0.4) {
        const rollback = random.next() < 0.15
        if (rollback) tally.rollbacks++
        await client.sql(rollback ? 'ROLLBACK' : 'COMMIT')
        open = false
      }
    } catch (error) {
      // A deadlock has rolled back; of a lost connection nobody knows. Both sides are compared in the end.
      open = false
      if (isConflict(error)) {
        tally.conflicts++
        await client?.sql('ROLLBACK').catch(() => undefined)
        await sleep(random.below(20))
      } else {
        tally.reconnects++
        // The end of a lost connection may never be told.
        client?.end().catch(() => undefined)
        client = undefined
        await sleep(50 + random.below(100))
      }
    }
  }
  if (open) await client?.sql('COMMIT').catch(() => undefined)
  await Promise.race([client?.end().catch(() => undefined), sleep(1000)])
}

function statement(writer: ChaosWriter, random: Random): string {
  const { upstream } = writer
  const dataset = writer.datasets[random.below(writer.datasets.length)]
  const id = `doc${random.below(writer.documents)}`
  const where = `WHERE dataset_id = '${dataset}' AND id = '${id}'`
  const dice = random.next()
  if (dice < 0.15) return `DELETE FROM shadow_vec_docs ${where}`
  if (dice < 0.22) return `UPDATE shadow_vec_docs SET archived = 1 - archived ${where}`
  if (dice < 0.3) {
    const from = random.below(writer.documents)
    return `UPDATE shadow_vec_docs SET meta = '{"v":${random.below(1e9)}}' WHERE dataset_id = '${dataset}' AND id >= 'doc${from}' AND id < 'doc${from}5'`
  }
  const row = (): string =>
    `('${dataset}', 'doc${random.below(writer.documents)}', 'v${random.below(1e9)}', ${upstream.blob(vector(random))})`
  if (dice < 0.4 && writer.replace) {
    return `REPLACE INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES ${row()}, ${row()}`
  }
  if (dice < 0.45 && writer.ignore) {
    return `INSERT IGNORE INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES ${row()}, ${row()}, ${row()}`
  }
  return upstream.upsert(
    dataset,
    id,
    random.next() < 0.05 ? null : `content ${random.below(1e9)} é😀`,
    random.next() < 0.1 ? null : vector(random),
  )
}

function vector(random: Random): string {
  const numbers = Float32Array.from({ length: 16 }, () => random.next() - 0.5)
  return Buffer.from(numbers.buffer).toString('hex')
}

function isConflict(error: unknown): boolean {
  const { errno, code, message } = error as { errno?: number; code?: string; message?: string }
  return (
    // 1062: Galera may report a certification failure of an upsert so.
    [1213, 1205, 1020, 1062].includes(errno ?? 0) ||
    ['40001', '40P01', '55P03', '23505'].includes(code ?? '') ||
    /locked|busy/i.test(message ?? '')
  )
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, milliseconds)
  })
}
