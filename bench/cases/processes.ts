import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { elsewhere, onAllCores } from '../cores.ts'
import { summarize, time, type Times } from '../measure.ts'

/** Whole processes of a script beside this one, from start to end, on this one's core or on all. */
export function wholeProcess(
  script: string,
  args: readonly string[],
  runs: number,
  cores: 'one' | 'all' = 'one',
): Times {
  const parts = [pathOf(script), ...args]
  const command: [string, string[]] =
    cores === 'all' ? onAllCores(parts) : [process.execPath, parts]
  const run = (): void => {
    const { status, stderr } = spawnSync(...command)
    if (status !== 0) throw new Error(`${script} failed: ${stderr.toString()}`)
  }
  run()
  return summarize(Array.from({ length: runs }, () => time(run)))
}

/** Runs `task` while a script beside this one writes, on another core if there is one. */
export async function whileWriting<R>(
  script: string,
  args: readonly string[],
  core: number | undefined,
  task: () => R,
): Promise<R> {
  const writer = spawn(...elsewhere(core, [pathOf(script), ...args]), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(writer.stdout, 'data')
  try {
    return task()
  } finally {
    writer.kill()
    await once(writer, 'exit')
  }
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(`./${script}`, import.meta.url))
}
