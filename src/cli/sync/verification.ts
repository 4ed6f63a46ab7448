import { shellWord } from '../../core/shell-word.ts'
import type { DatasetVerification, VerifyReport } from '../../entries/vecsync.ts'

/** The number of rows that are listed for people. --json lists all. */
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
  if (skipped !== undefined) {
    const name = shellWord(datasetId)
    return [
      `${datasetId}: not compared, ${skipped}`,
      ...(replica.rows > 0 ? [`  svec sync repair --dataset ${name} removes them`] : []),
    ]
  }
  if (dataset.equal) return [`${datasetId}: equal at ${scn}, ${replica.rows} rows`]
  return [
    `${datasetId}: DIFFERENT at ${scn}, ${upstream.rows} rows upstream, ${replica.rows} here`,
    ...differences
      .slice(0, SHOWN)
      .map(
        ({ id, kind, reason }) =>
          `  ${kind.padEnd(9)}  ${JSON.stringify(id)}${reason === undefined ? '' : `  ${reason}`}`,
      ),
    ...(differences.length > SHOWN
      ? [`  and ${differences.length - SHOWN} more (--json names them all)`]
      : []),
    '  svec sync repair rewrites these rows',
  ]
}
