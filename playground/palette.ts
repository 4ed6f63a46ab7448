export type Colour = readonly [red: number, green: number, blue: number]

/** Twelve colours that can be told apart on light and dark, by people with colour blindness too where possible. */
export const CATEGORIES: readonly Colour[] = [
  [58, 124, 236],
  [240, 138, 36],
  [38, 166, 120],
  [222, 76, 108],
  [142, 98, 220],
  [214, 178, 26],
  [32, 174, 204],
  [232, 110, 190],
  [128, 160, 54],
  [170, 108, 66],
  [96, 120, 168],
  [210, 88, 48],
]

/** Rows whose value is rare, and rows without one. */
export const OTHERS: Colour = [136, 142, 152]
export const PLAIN: Colour = [72, 126, 226]

const RAMP: readonly Colour[] = [
  [68, 60, 150],
  [49, 104, 172],
  [33, 152, 140],
  [102, 194, 88],
  [240, 200, 40],
]

/** The number of steps of a ramp. */
export const STEPS = 32

/** A colour between the first, for 0, and the last, for 1. */
export function rampColour(share: number): Colour {
  const place = Math.min(1, Math.max(0, share)) * (RAMP.length - 1)
  const [low, high] = [RAMP[Math.floor(place)], RAMP[Math.ceil(place)]]
  const part = place - Math.floor(place)
  const between = (i: 0 | 1 | 2): number => Math.round(low[i] + (high[i] - low[i]) * part)
  return [between(0), between(1), between(2)]
}

export const css = ([red, green, blue]: Colour): string => `rgb(${red} ${green} ${blue})`
