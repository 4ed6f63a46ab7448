import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { cachePath, writeCache } from '../data/cache.ts'
import type { DataSet } from '../data/sets.ts'
import { summarize, time } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'
import { freshFile } from './tables.ts'

const SVEC = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const BULK_LOAD = fileURLToPath(new URL('bulk-load-process.js', import.meta.url))
const ROUNDS = 5

/** `svec import` of a file of float32, beside a program that loads the same file in one insertMany(): process by process. */
export function commandCase(set: DataSet): Finding[] {
  const { rows, ids, dim } = set
  writeCache('bench/command.f32', new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength))
  writeCache('bench/command.txt', `${ids.join('\n')}\n`)
  const matrix = cachePath('bench/command.f32')
  const names = cachePath('bench/command.txt')
  const bulk: number[] = []
  const command: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const own = freshFile('command-api.sqlite')
    bulk.push(time(() => node(BULK_LOAD, own, matrix, names, String(dim))))
    const file = freshFile('command.sqlite')
    node(SVEC, 'init', file)
    command.push(
      time(() => node(SVEC, 'import', file, matrix, '--dim', String(dim), '--ids', names)),
    )
  }
  const ours = summarize(command)
  const api = summarize(bulk)
  const ratio = ours.median / api.median
  return [
    {
      what: `svec import of ${set.name} from f32, against a program with one insertMany()`,
      ours: milliseconds(ours.median),
      peer: milliseconds(api.median),
      ratio: `${ratio.toFixed(2)}x`,
      floor: '1.5x',
      met: ratio <= 1.5,
    },
  ]
}

function node(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`)
}
