/**
 * The other side of `Peer`: reads requests, one JSON array a line, and writes an answer to each.
 *
 * | request                                               | answer                                |
 * |-------------------------------------------------------|---------------------------------------|
 * | `open`, path                                          | ok                                    |
 * | `exec`, SQL                                           | ok                                    |
 * | `check`, table, datasets, metric, schema, dim, seed   | ok, or what differs from brute force  |
 * | `close`                                               | ok                                    |
 */
import { createInterface } from 'node:readline'
import { open, type Connection, type Metric } from '../../src/entries/main.ts'
import { openNative } from '../engine/vfs-native.ts'
import { wrong } from '../freshness/oracle.ts'
import { seeded } from '../freshness/seeded.ts'

const [kind] = process.argv.slice(2)
const LIMITS = [1, 4, undefined]

let db: { exec(sql: string): unknown; close(): unknown } | undefined

async function answer([command, ...params]: string[]): Promise<string> {
  switch (command) {
    case 'open':
      db?.close()
      db =
        kind === 'native'
          ? openNative(params[0], { timeout: 20 })
          : await open(params[0], { busyTimeout: 20 })
      db.exec('PRAGMA synchronous = OFF')
      return 'ok'
    case 'exec':
      db!.exec(params[0])
      return 'ok'
    case 'check':
      return check(params)
    case 'close':
      db?.close()
      db = undefined
      return 'ok'
    default:
      throw new Error(`no such request: ${command}`)
  }
}

function check([table, datasets, metric, schema, dim, seed]: string[]): string {
  const random = seeded(Number(seed))
  const query = Float32Array.from({ length: Number(dim) }, () => random() - 0.5)
  for (const dataset of datasets.split(',')) {
    const question = { schema, table, dataset, query, metric: metric as Metric }
    const found = wrong(db as Connection, question, LIMITS)
    if (found !== undefined) return found
  }
  return 'ok'
}

for await (const line of createInterface(process.stdin)) {
  let text: string
  try {
    text = await answer(JSON.parse(line) as string[])
  } catch (error) {
    text = `error: ${(error as { code?: string }).code ?? ''} ${(error as Error).message}`
  }
  process.stdout.write(`${JSON.stringify(text)}\n`)
}
db?.close()
