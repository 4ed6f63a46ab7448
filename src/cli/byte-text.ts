const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

/** "136.2 MB" */
export function byteText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? String(value) : value.toFixed(1)} ${UNITS[unit]}`
}
