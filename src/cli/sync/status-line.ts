import type { Replicator, ReplicatorStatus } from '../../entries/vecsync.ts'
import { LiveLine } from '../live-line.ts'
import type { Output } from '../output.ts'
import type { Secrets } from './secrets.ts'
import type { Tally } from './tally.ts'

const EVERY = 250

/** The last line of a terminal, drawn four times a second. Events are printed above it. */
export class StatusLine {
  readonly #line: LiveLine
  readonly #replicator: Replicator
  readonly #tally: Tally
  readonly #timer: NodeJS.Timeout

  constructor(output: Output, secrets: Secrets, replicator: Replicator, tally: Tally) {
    this.#line = new LiveLine(output)
    this.#replicator = replicator
    this.#tally = tally
    replicator.on('state', ({ datasetId, from, to, code, message }) => {
      const why = code === undefined ? '' : `, ${code}: ${secrets.redact(message ?? '')}`
      this.print(`${datasetId}: ${from} -> ${to}${why}`)
    })
    replicator.on('warning', ({ datasetId, message }) => {
      const where = datasetId === undefined ? '' : `${datasetId}: `
      this.print(`warning: ${where}${secrets.redact(message)}`)
    })
    this.#timer = setInterval(() => this.#draw(), EVERY)
    this.#timer.unref()
  }

  /** Prints a permanent line. */
  print(text: string): void {
    const time = new Date().toTimeString().slice(0, 8)
    this.#line.print(`${time}  ${text}`)
  }

  /** Erases the line. */
  end(): void {
    clearInterval(this.#timer)
    this.#line.wipe()
  }

  #draw(): void {
    let status: ReplicatorStatus
    try {
      status = this.#replicator.status()
    } catch {
      // The replica is busy at the moment. The old line is still nearly right.
      return
    }
    this.#line.draw(statusText(status, this.#tally.rate()))
  }
}

/** `3 datasets: 2 live, 1 catchup | 120 behind, 0.4 s | 1,500/s` */
export function statusText(status: ReplicatorStatus, rate: number): string {
  const { datasets } = status
  const parts: string[] = []
  if (datasets.length === 0) parts.push('no datasets yet')
  else {
    const counts = new Map<string, number>()
    for (const { state } of datasets) counts.set(state, (counts.get(state) ?? 0) + 1)
    const states = [...counts].map(([state, count]) => `${count} ${state}`).join(', ')
    const [{ datasetId, state }] = datasets
    parts.push(
      datasets.length === 1 ? `${datasetId}: ${state}` : `${datasets.length} datasets: ${states}`,
    )
  }
  const behind = datasets.reduce((sum, { lagEntries }) => sum + (lagEntries ?? 0n), 0n)
  const seconds = Math.max(0, ...datasets.map(({ lagSeconds }) => lagSeconds ?? 0))
  const copying = datasets.some(({ state }) => state === 'new' || state === 'bootstrap')
  parts.push(
    behind > 0n
      ? `${behind.toLocaleString('en')} behind, ${seconds.toFixed(1)} s`
      : copying
        ? 'copying'
        : 'up to date',
  )
  parts.push(`${Math.round(rate).toLocaleString('en')}/s`)
  if (status.lastError !== undefined) parts.push('waiting for the upstream')
  else if (status.lease !== undefined && !status.lease.mine) parts.push('on standby')
  return parts.join(' | ')
}
