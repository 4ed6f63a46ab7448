const WIDTH = 720
const HEIGHT = 420
const LEFT = 70
const RIGHT = 150
const TOP = 50
const BOTTOM = 60
/** Readable on a light and on a dark page. */
const COLORS = ['#d1495b', '#2f7fb8', '#3c9a5f', '#b07d1f']

/** A point of a plot of times: its value on the horizontal axis, and a time in milliseconds. */
export interface TimePoint {
  readonly at: number
  readonly time: number
}

export interface TimeSeries {
  readonly name: string
  readonly points: readonly TimePoint[]
}

export interface HorizontalAxis {
  readonly name: string
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
  /** The place of a value, from 0 at the left to 1 at the right. */
  place(value: number): number
}

/** Times as an SVG image: lower is better. The vertical axis is logarithmic. */
export function timePlot(
  title: string,
  axis: HorizontalAxis,
  series: readonly TimeSeries[],
): string {
  const times = series.flatMap(({ points }) => points.map(({ time }) => time))
  const low = 10 ** Math.floor(Math.log10(Math.min(...times)))
  const high = 10 ** Math.ceil(Math.log10(Math.max(...times)))
  const decade = (HEIGHT - TOP - BOTTOM) / Math.log10(high / low)
  const x = (value: number): number => LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT)
  const y = (time: number): number => HEIGHT - BOTTOM - decade * Math.log10(time / low)
  const parts: string[] = []
  for (let time = low; time <= high * 1.001; time *= 10) {
    parts.push(
      line(LEFT, y(time), WIDTH - RIGHT, y(time), 'grid'),
      text(LEFT - 8, y(time) + 4, tickLabel(time), 'end'),
    )
  }
  for (const { at, label } of axis.ticks) {
    parts.push(
      line(x(at), TOP, x(at), HEIGHT - BOTTOM, 'grid'),
      text(x(at), HEIGHT - BOTTOM + 18, label, 'middle'),
    )
  }
  for (const [i, { name, points: own }] of series.entries()) {
    const color = COLORS[i % COLORS.length]
    const places = own.map(({ at: value, time }) => ({ x: x(value), y: y(time) }))
    const path = places.map(point => `${round(point.x)},${round(point.y)}`).join(' ')
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...places.map(p => `<circle cx="${round(p.x)}" cy="${round(p.y)}" r="3.5" fill="${color}"/>`),
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
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, axis.name, 'middle'),
    `<text transform="translate(16 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">time per search</text>`,
    '</svg>',
    '',
  ].join('\n')
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

/** A power of 10, in the unit in which it is at least 1. */
function tickLabel(milliseconds: number): string {
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`
  return milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${Math.round(milliseconds / 1000)} s`
}
