import { execFileSync } from 'node:child_process'
import { existsSync, statfsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onAllCores } from '../cores.ts'
import { cachePath } from '../data/cache.ts'
import type { Times } from '../measure.ts'
import { milliseconds, perSecond, type Finding } from '../report.ts'
import { spread } from './search.ts'
import { freshFile } from './tables.ts'

/** What the process of this case measures; times in milliseconds. */
export interface MillionFacts {
  readonly rows: number
  readonly dim: number
  /** Undefined: an earlier run has loaded them. */
  readonly loadTime: number | undefined
  /** Rows a second of the slowest transaction. */
  readonly slowest: number
  readonly buildTime: number
  readonly clusterTime: number
  readonly exact: Times
  readonly approximate: Times
  readonly recall: number
  readonly promised: number
  /** An INSERT without waiting for the disk, and the search after it. */
  readonly inserted: Times
  /** The same search once more. */
  readonly again: Times
  /** The INSERT alone. */
  readonly insert: Times
  /** An INSERT that waits for the disk. */
  readonly durable: Times
  /** Writes of a second process while the index is saved. */
  readonly longestWait: number
  readonly writes: number
  /** Answers that equal brute force. */
  readonly equal: number
  readonly checked: number
  readonly rss: number
}

/** The floors of a size; a member is undefined if there is no floor for it. */
export interface MillionFloors {
  readonly load?: number
  readonly exact?: number
  readonly approximate?: number
  /** An INSERT and a search, over a search. */
  readonly inserted?: number
  readonly rss?: number
}

const MOST_WAIT = 50

export interface MillionOptions {
  readonly seed: number
  readonly rounds: number
  /** What the approximate searches promise. */
  readonly recall: number
  /** The bytes of disk that the file may take. */
  readonly budget: number
  readonly floors: MillionFloors
  /** Whether the file stays, so that the next run need not load it. */
  readonly keep: boolean
}

/** The bytes that the floats take on the disk, with the saved index and the journal of changes. */
const DISK_SHARE = 1.45

/** A table of millions of rows in a file, on all cores. The file is deleted in the end, unless it is kept. */
export function millionCase(
  rows: number,
  dim: number,
  { seed, rounds, recall, budget, floors, keep }: MillionOptions,
): Finding[] {
  const script = fileURLToPath(new URL('million-process.js', import.meta.url))
  const kept = cachePath(`bench/million-${rows}x${dim}.sqlite`)
  const isKept = keep && existsSync(kept)
  const path = isKept ? kept : freshFile(basename(kept))
  if (!isKept) requireSpace(dirname(path), rows * dim * 4 * DISK_SHARE, budget)
  const numbers = [rows, dim, seed, rounds, recall].map(String)
  const [command, args] = onAllCores([script, path, ...numbers])
  let output: Buffer
  try {
    output = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  } finally {
    if (!keep) freshFile(basename(kept))
  }
  const facts = JSON.parse(output.toString()) as MillionFacts
  const size = `${rows} x ${dim}`
  const share = facts.inserted.median / facts.again.median
  return [
    ...loadFindings(size, facts, floors.load),
    plain(`first search of ${size}, which builds the index`, milliseconds(facts.buildTime)),
    plain(`clusters of ${size}, made at once and calibrated`, milliseconds(facts.clusterTime)),
    {
      ...plain(`exact top-10 through SQL, ${size}`, spread(facts.exact)),
      ...within(facts.exact.median, floors.exact),
    },
    {
      ...plain(`top-10 with recall = ${facts.promised}, ${size}`, spread(facts.approximate)),
      ...within(facts.approximate.median, floors.approximate),
    },
    {
      ...plain(`its recall, measured over 64 queries`, facts.recall.toFixed(4)),
      floor: String(facts.promised - 0.005),
      met: facts.recall >= facts.promised - 0.005,
    },
    {
      what: `an INSERT and an exact search, fsync aside: over that search alone; the INSERT ${milliseconds(facts.insert.median)}, with fsync ${milliseconds(facts.durable.median)}`,
      ours: milliseconds(facts.inserted.median),
      peer: milliseconds(facts.again.median),
      ratio: `${share.toFixed(2)}x`,
      floor: floors.inserted === undefined ? '' : `${floors.inserted}x`,
      met: floors.inserted === undefined ? undefined : share <= floors.inserted,
    },
    {
      ...plain(
        `longest of ${facts.writes} writes of a second process while the index is saved`,
        milliseconds(facts.longestWait),
      ),
      ...within(facts.longestWait, MOST_WAIT),
    },
    {
      ...plain(`answers equal to brute force, ${size}`, `${facts.equal} of ${facts.checked}`),
      floor: 'all',
      met: facts.equal === facts.checked,
    },
    {
      ...plain(`most memory of the process, ${size}`, `${Math.round(facts.rss / 1e6)} MB`),
      floor: floors.rss === undefined ? '' : `${floors.rss / 1e6} MB`,
      met: floors.rss === undefined ? undefined : facts.rss <= floors.rss,
    },
  ]
}

function loadFindings(
  size: string,
  { loadTime, rows, slowest }: MillionFacts,
  floor: number | undefined,
): Finding[] {
  if (loadTime === undefined) return []
  const rate = (rows / loadTime) * 1000
  const what = `bulk load of ${size} by insertMany(), triggers on; slowest transaction ${perSecond(slowest)}`
  const met = floor === undefined ? undefined : rate >= floor
  return [
    { ...plain(what, perSecond(rate)), floor: floor === undefined ? '' : perSecond(floor), met },
  ]
}

function requireSpace(folder: string, bytes: number, budget: number): void {
  const { bavail, bsize } = statfsSync(folder)
  const most = Math.min(budget, bavail * bsize)
  if (bytes <= most) return
  const [needed, given] = [bytes, most].map(value => (value / 1e9).toFixed(1))
  throw new RangeError(
    `the file takes ${needed} GB, but ${folder} has ${given} GB for it: give more by --budget, fewer --rows, or another folder by SVEC_CACHE`,
  )
}

function plain(what: string, ours: string): Finding {
  return { what, ours, peer: '', ratio: '', floor: '', met: undefined }
}

function within(time: number, floor: number | undefined): Pick<Finding, 'floor' | 'met'> {
  return floor === undefined
    ? { floor: '', met: undefined }
    : { floor: milliseconds(floor), met: time <= floor }
}
