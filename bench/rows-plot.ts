import { timePlot, type TimeSeries } from './time-plot.ts'

/** Time against the number of rows as an SVG image. Both axes are logarithmic, so that a scan is a straight line. */
export function rowsPlot(title: string, series: readonly TimeSeries[]): string {
  const sizes = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at)))].toSorted(
    (a, b) => a - b,
  )
  const least = Math.log10(sizes[0])
  const width = Math.log10(sizes.at(-1)!) - least
  return timePlot(
    title,
    {
      name: 'rows',
      ticks: sizes.map(at => ({ at, label: rowsLabel(at) })),
      place: rows => (width === 0 ? 0 : (Math.log10(rows) - least) / width),
    },
    series,
  )
}

function rowsLabel(rows: number): string {
  return rows >= 1e6 ? `${rows / 1e6}M` : `${Math.round(rows / 1000)}k`
}
