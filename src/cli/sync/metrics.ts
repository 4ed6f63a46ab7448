import type { ReplicatorStatus } from '../../entries/vecsync.ts'
import type { Tally } from './tally.ts'

export interface MetricsFacts {
  readonly version: string
  readonly resident: number
  readonly cpuSeconds: number
}

type Labels = Readonly<Record<string, string>>

type Sample = readonly [labels: Labels, value: number | bigint]

/** Metrics in the text format of Prometheus, version 0.0.4. */
export function metricsText(status: ReplicatorStatus, tally: Tally, facts: MetricsFacts): string {
  const { datasets } = status
  const each = (
    value: (dataset: ReplicatorStatus['datasets'][number]) => number | bigint | undefined,
  ): Sample[] =>
    datasets.flatMap(dataset => {
      const found = value(dataset)
      return found === undefined ? [] : [[{ dataset: dataset.datasetId }, found] as const]
    })
  const families: readonly string[][] = [
    family('svec_sync_info', 'gauge', 'The replica, and the upstream it follows.', [
      [{ version: facts.version, replica_id: status.replicaId, upstream: status.upstream }, 1],
    ]),
    family('svec_sync_connected', 'gauge', '1 while connected to the upstream.', [
      [{}, Number(status.connected)],
    ]),
    family('svec_sync_failing', 'gauge', '1 while the last pass failed and is being retried.', [
      [{}, Number(status.lastError !== undefined)],
    ]),
    family('svec_sync_leader', 'gauge', '1 while this process holds the lease of the replica.', [
      [{}, Number(status.lease?.mine === true)],
    ]),
    family(
      'svec_sync_state',
      'gauge',
      'The state each dataset is in.',
      datasets.map(({ datasetId, state }) => [{ dataset: datasetId, state }, 1]),
    ),
    family(
      'svec_sync_halted',
      'gauge',
      '1 for a halted dataset; docs/sync.md says what to do for each code.',
      datasets.map(({ datasetId, haltCode }) => [
        { dataset: datasetId, code: haltCode ?? '' },
        Number(haltCode !== undefined),
      ]),
    ),
    family(
      'svec_sync_last_scn',
      'gauge',
      'The last change applied.',
      each(({ lastScn }) => lastScn),
    ),
    family(
      'svec_sync_head_scn',
      'gauge',
      'The last change of the upstream.',
      each(({ headScn }) => headScn),
    ),
    family(
      'svec_sync_lag_entries',
      'gauge',
      'Changes not yet applied.',
      each(({ lagEntries }) => lagEntries),
    ),
    family(
      'svec_sync_lag_seconds',
      'gauge',
      "Age of the oldest change not yet applied, by the upstream's clock.",
      each(({ lagSeconds }) => lagSeconds),
    ),
    family(
      'svec_sync_applied_total',
      'counter',
      'Changes and rows applied by this process.',
      [...tally.applied].map(([dataset, applied]) => [{ dataset }, applied]),
    ),
    family('svec_sync_warnings_total', 'counter', 'Warnings of this process.', [
      [{}, tally.warnings],
    ]),
    family('process_start_time_seconds', 'gauge', 'Start time of this process.', [
      [{}, tally.began / 1000],
    ]),
    family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [[{}, facts.resident]]),
    family('process_cpu_seconds_total', 'counter', 'CPU time.', [[{}, facts.cpuSeconds]]),
  ]
  return families.flatMap(lines => lines.map(line => `${line}\n`)).join('')
}

function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly Sample[],
): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}`),
  ]
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

const escaped = (value: string): string =>
  value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
