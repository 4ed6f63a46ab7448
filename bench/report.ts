import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import type { Connection } from '../src/entries/engine.ts'

/** One line of the result. */
export interface Finding {
  readonly what: string
  /** What was measured, with its unit. */
  readonly ours: string
  /** The peer in the same run; '' where there is none. */
  readonly peer: string
  /** Ours against the peer. */
  readonly ratio: string
  readonly floor: string
  readonly met: boolean | undefined
}

export interface Section {
  readonly title: string
  readonly findings: readonly Finding[]
}

export function milliseconds(value: number): string {
  return value < 1
    ? `${(value * 1000).toFixed(value < 0.1 ? 1 : 0)} µs`
    : `${value.toFixed(value < 10 ? 2 : 1)} ms`
}

export function perSecond(value: number): string {
  return `${Math.round(value / 1000)}k/s`
}

export function markdown(db: Connection, command: string, sections: readonly Section[]): string {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`
  const sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get())
  const lines = [
    '# Results',
    '',
    `\`${command}\`, commit ${commit()}, Node ${process.versions.node}, SQLite ${sqlite}; ${machine}. Medians with (min to max); peers ran in the same process, by turns.`,
    '',
  ]
  for (const { title, findings } of sections) {
    lines.push(
      `## ${title}`,
      '',
      '| what | ours | peer | ratio | floor | met |',
      '|---|---|---|---|---|---|',
    )
    for (const f of findings) {
      const met = f.met === undefined ? '' : f.met ? 'yes' : '**no**'
      lines.push(`| ${f.what} | ${f.ours} | ${f.peer} | ${f.ratio} | ${f.floor} | ${met} |`)
    }
    lines.push('')
  }
  return lines.join('\n')
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
