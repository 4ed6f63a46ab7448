import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** The core that did least in the last half second: another program's load would be measured, too. */
export async function idlestCore(): Promise<number> {
  const before = cpus()
  await sleep(500)
  const idle = cpus().map(({ times }, core) => times.idle - before[core].times.idle)
  return idle.indexOf(Math.max(...idle))
}

/** Whether this system can keep a program on one core. */
export function canPin(core: number): boolean {
  const { status } = spawnSync('taskset', ['-c', String(core), 'true'], { stdio: 'ignore' })
  return status === 0
}

/**
 * Command and arguments that run a script of ours on any core but the one given; on all where that is undefined or the
 * only one. A child would stay on its parent's core otherwise.
 */
export function elsewhere(core: number | undefined, script: string[]): [string, string[]] {
  const others = cpus().flatMap((_, i) => (i === core ? [] : [i]))
  if (core === undefined || others.length === 0) return [process.execPath, script]
  return ['taskset', ['-c', others.join(','), process.execPath, ...script]]
}

/** Command and arguments that run a script of ours on all cores, wherever this process is kept. */
export function onAllCores(script: string[]): [string, string[]] {
  const all = `0-${cpus().length - 1}`
  return canPin(0)
    ? ['taskset', ['-c', all, process.execPath, ...script]]
    : [process.execPath, script]
}
