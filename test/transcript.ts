/** A command that a page shows, and its answer. */
export interface Step {
  /** The lines of the command as the page has them: the first begins with '$ ', the others with '> '. */
  readonly shown: readonly string[]
  readonly command: string
  readonly answer: string
}

/** The commands of a fenced block: what follows a command is its answer. */
export function stepsOf(block: string): Step[] {
  const steps: { shown: string[]; answer: string[] }[] = []
  for (const line of block.split('\n').slice(0, -1)) {
    if (line.startsWith('$ ')) steps.push({ shown: [line], answer: [] })
    else if (line.startsWith('> ')) steps.at(-1)?.shown.push(line)
    else steps.at(-1)?.answer.push(line)
  }
  return steps.map(({ shown, answer }) => ({
    shown,
    command: shown.map(line => line.slice(2)).join('\n'),
    answer: answer.join('\n'),
  }))
}

/** The answer without what differs from run to run and from machine to machine. */
export function steady(text: string): string {
  return text
    .replaceAll(/\d+\.\d s\b/g, '0.1 s')
    .replaceAll(/[\d.]+ (bytes|KB|MB|GB|TB)/g, 'N $1')
    .replaceAll(/N (bytes|KB|MB|GB|TB) free/g, 'N free')
    .replaceAll(/(Node: ).*/g, '$1N')
    .replaceAll(/(SQLite: )[\d.]+/g, '$1N')
    .replaceAll(/(svec: )\d\S*/g, '$1N')
    .replaceAll(/^.*(locks|kernels): .*(\n {9}.*)?/gm, '$1')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/(MariaDB|PostgreSQL|SQLite) \d\S*/g, '$1 VERSION')
}
