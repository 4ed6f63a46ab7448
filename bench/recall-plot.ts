import { milliseconds } from './report.ts'

/** A search at one setting: the share of the nearest rows that it finds, and its median time in milliseconds. */
export interface RecallPoint {
  readonly recall: number
  readonly time: number
}

export interface RecallSeries {
  readonly name: string
  readonly points: readonly RecallPoint[]
}

const WIDTH = 720
const HEIGHT = 420
const LEFT = 70
const RIGHT = 150
const TOP = 50
const BOTTOM = 60
/** Readable on a light and on a dark page. */
const COLORS = ['#d1495b', '#2f7fb8', '#3c9a5f', '#b07d1f']
const SHARES = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999]

/**
 * Time against recall as an SVG image: better is lower and further right. Both axes are logarithmic: the horizontal one shows the share
 * that is missed, and ends with an axis position for searches that miss nothing.
 */
export function recallPlot(title: string, series: readonly RecallSeries[]): string {
  const points = series.flatMap(each => each.points)
  const least = Math.min(SHARES[0], ...points.map(({ recall }) => recall))
  const x = horizontal(least)
  const times = points.map(({ time }) => time)
  const low = 10 ** Math.floor(Math.log10(Math.min(...times)))
  const high = 10 ** Math.ceil(Math.log10(Math.max(...times)))
  const decade = (HEIGHT - TOP - BOTTOM) / Math.log10(high / low)
  const y = (time: number): number => HEIGHT - BOTTOM - decade * Math.log10(time / low)
  const parts: string[] = []
  for (let time = low; time <= high * 1.001; time *= 10) {
    parts.push(
      line(LEFT, y(time), WIDTH - RIGHT, y(time), 'grid'),
      text(LEFT - 8, y(time) + 4, milliseconds(time), 'end'),
    )
  }
  for (const share of [...SHARES, 1]) {
    parts.push(
      line(x(share), TOP, x(share), HEIGHT - BOTTOM, 'grid'),
      text(x(share), HEIGHT - BOTTOM + 18, share === 1 ? 'exact' : String(share), 'middle'),
    )
  }
  for (const [i, { name, points: own }] of series.entries()) {
    const color = COLORS[i % COLORS.length]
    const at = own.map(({ recall, time }) => ({ x: x(recall), y: y(time) }))
    const path = at.map(point => `${round(point.x)},${round(point.y)}`).join(' ')
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...at.map(p => `<circle cx="${round(p.x)}" cy="${round(p.y)}" r="3.5" fill="${color}"/>`),
      `<circle cx="${WIDTH - RIGHT + 20}" cy="${TOP + 10 + i * 22}" r="4" fill="${color}"/>`,
      text(WIDTH - RIGHT + 30, TOP + 14 + i * 22, name, 'start'),
    )
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    '<style>text{fill:#777}.grid{stroke:#8886;stroke-width:1}</style>',
    text(LEFT, 24, title, 'start'),
    ...parts,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, 'recall at 10', 'middle'),
    `<text transform="translate(16 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">time per search</text>`,
    '</svg>',
    '',
  ].join('\n')
}

/** Where a share is: the last step is kept for searches that miss nothing. */
function horizontal(least: number): (recall: number) => number {
  const worst = Math.log10(1 - least)
  const best = Math.log10(1 - SHARES.at(-1)!)
  const width = WIDTH - LEFT - RIGHT
  const exact = width / SHARES.length
  return recall => {
    if (recall >= 1) return LEFT + width
    const missed = Math.max(best, Math.log10(1 - recall))
    return LEFT + ((worst - missed) / (worst - best)) * (width - exact)
  }
}

function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${style}"/>`
}

function text(x: number, y: number, what: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(what)}</text>`
}

function escaped(what: string): string {
  return what.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
