import { timePlot, type TimePoint, type TimeSeries } from './time-plot.ts'

/** A search at one setting: the share of the nearest rows that it finds, and its median time in milliseconds. */
export interface RecallPoint {
  readonly recall: number
  readonly time: number
}

export interface RecallSeries {
  readonly name: string
  readonly points: readonly RecallPoint[]
}

const SHARES = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999]

/**
 * Time against recall as an SVG image: better is lower and further right. Both axes are logarithmic: the horizontal one shows the share
 * that is missed, and ends with an axis position for searches that miss nothing.
 */
export function recallPlot(title: string, series: readonly RecallSeries[]): string {
  const points = series.flatMap(each => each.points)
  const least = Math.min(SHARES[0], ...points.map(({ recall }) => recall))
  const ticks = [...SHARES, 1].map(at => ({ at, label: at === 1 ? 'exact' : String(at) }))
  const own = series.map((each): TimeSeries => ({
    name: each.name,
    points: each.points.map(({ recall, time }): TimePoint => ({ at: recall, time })),
  }))
  return timePlot(title, { name: 'recall at 10', ticks, place: placeOf(least) }, own)
}

/** The place of a share: the last step is kept for searches that miss nothing. */
function placeOf(least: number): (recall: number) => number {
  const worst = Math.log10(1 - least)
  const best = Math.log10(1 - SHARES.at(-1)!)
  return recall => {
    if (recall >= 1) return 1
    const missed = Math.max(best, Math.log10(1 - recall))
    return ((worst - missed) / (worst - best)) * (1 - 1 / SHARES.length)
  }
}
