import { VERSION } from '../../entries/main.ts'
import type { Replicator } from '../../entries/vecsync.ts'
import type { Context } from '../context.ts'
import type { SyncConfig } from './config.ts'
import { EventLines } from './event-lines.ts'
import { serveMetrics } from './metrics-server.ts'
import { metricsText } from './metrics.ts'
import { secured } from './secured.ts'
import { StatusLine } from './status-line.ts'
import { Tally } from './tally.ts'

/** Milliseconds that the current step has after a request to end. Then its connection is cut. */
const GRACE = 5000

/** Milliseconds between checks of the lease. */
const LOOK = 1000

/** The last output of a command: one sentence for people, fields for programs. */
export interface Ending {
  readonly text: string
  readonly fields: object
}

/**
 * Runs `work` with its output: lines of JSON in a pipe or with --json, a live line on a terminal, metrics if requested.
 */
export async function observed(
  context: Context,
  config: SyncConfig,
  replicator: Replicator,
  work: (tally: Tally) => Promise<Ending>,
): Promise<void> {
  const { settings, secrets } = config
  const tally = new Tally(replicator)
  const metrics =
    settings.metricsPort === undefined
      ? undefined
      : await serveMetrics(settings.metricsHost ?? '127.0.0.1', settings.metricsPort, () =>
          metricsText(replicator.status(), tally, {
            version: VERSION,
            resident: process.memoryUsage.rss(),
            cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
          }),
        )
  const cut = (): void => {
    setTimeout(() => void replicator.close(), GRACE).unref()
  }
  context.signal.addEventListener('abort', cut, { once: true })
  try {
    const { replicaId, upstream } = replicator.status()
    const replica = config.replicaFile()
    const plain = config.plainWarning()
    if (context.json || !context.stdout.isTTY) {
      const lines = new EventLines(context.stdout, secrets, replicator)
      lines.write('start', {
        version: VERSION,
        upstream,
        replica,
        replicaId,
        metrics: metrics?.url,
      })
      if (plain !== undefined) lines.write('warning', { message: plain })
      const unwatch = onStandby(replicator, standby => lines.write('lease', { standby }))
      try {
        const { fields } = await work(tally)
        lines.end()
        lines.write('stop', { applied: tally.total, warnings: tally.warnings, ...fields })
      } catch (error) {
        lines.end()
        lines.write('stop', {
          applied: tally.total,
          warnings: tally.warnings,
          reason: 'error',
          error: errorFields(secured(error, secrets)),
        })
        throw error
      } finally {
        unwatch()
      }
      return
    }
    const line = new StatusLine(context.stdout, secrets, replicator, tally)
    line.print(`${replica} follows ${upstream}; Ctrl-C stops it`)
    if (metrics !== undefined) line.print(`metrics: ${metrics.url}`)
    if (plain !== undefined) line.print(`warning: ${plain}`)
    try {
      const { text } = await work(tally)
      line.end()
      line.print(text)
    } finally {
      line.end()
    }
  } finally {
    context.signal.removeEventListener('abort', cut)
    metrics?.close()
  }
}

/** Reports when another replicator holds the lease, and when this one has got it, but no repetitions. */
function onStandby(replicator: Replicator, tell: (standby: boolean) => void): () => void {
  let known = false
  const timer = setInterval(() => {
    let standby = known
    try {
      const { lease } = replicator.status()
      // An expired lease is free, but until it is taken, nothing changes for this process.
      if (lease?.mine === true) standby = false
      else if (lease !== undefined && lease.expiresAt > Date.now()) standby = true
    } catch {
      // The replica is busy at the moment.
    }
    if (standby === known) return
    known = standby
    tell(standby)
  }, LOOK)
  timer.unref()
  return () => clearInterval(timer)
}

function errorFields(error: unknown): object {
  const { code, message, hint } = error as { code?: string; message?: string; hint?: string }
  return { code, message, hint }
}
