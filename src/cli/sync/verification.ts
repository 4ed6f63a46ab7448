import type { DatasetVerification, VerifyReport } from '../../vecsync.ts'

/** So many rows are named for people; --json has them all. */
const SHOWN = 20

export function verificationFields(report: VerifyReport): object {
  return { equal: report.equal && report.datasets.length > 0, datasets: report.datasets }
}

export function verificationLines(report: VerifyReport): string[] {
  if (report.datasets.length === 0) {
    return ['nothing to compare: no dataset has been replicated yet (svec sync once)']
  }
  return report.datasets.flatMap(datasetLines)
}

function datasetLines(dataset: DatasetVerification): string[] {
  const { datasetId, scn, upstream, replica, differences, skipped } = dataset
  if (skipped !== undefined) return [`${datasetId}: not compared, ${skipped}`]
  if (dataset.equal) return [`${datasetId}: equal at ${scn}, ${replica.rows} rows`]
  return [
    `${datasetId}: DIFFERENT at ${scn}, ${upstream.rows} rows upstream, ${replica.rows} here`,
    ...differences
      .slice(0, SHOWN)
      .map(({ id, kind }) => `  ${kind.padEnd(9)}  ${JSON.stringify(id)}`),
    ...(differences.length > SHOWN
      ? [`  and ${differences.length - SHOWN} more (--json names them all)`]
      : []),
    '  svec sync repair writes these rows anew',
  ]
}
