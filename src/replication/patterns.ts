/** Tests dataset names against names, and patterns in which `*` matches any characters. */
export function datasetFilter(patterns: readonly string[]): (datasetId: string) => boolean {
  const names = new Set(patterns.filter(pattern => !pattern.includes('*')))
  const expressions = patterns
    .filter(pattern => pattern.includes('*'))
    .map(pattern => new RegExp(`^${pattern.split('*').map(escaped).join('[^]*')}$`, 'u'))
  return datasetId =>
    names.has(datasetId) || expressions.some(expression => expression.test(datasetId))
}

/** The names among the patterns. */
export function exactNames(patterns: readonly string[]): string[] {
  return patterns.filter(pattern => !pattern.includes('*'))
}

const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
