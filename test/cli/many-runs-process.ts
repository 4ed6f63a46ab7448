/** Runs the command lines that it reads from stdin, and answers with their outcomes: the process of many-runs.ts. */

import { run } from '../../src/cli/run.ts'

process.setMaxListeners(0)
let text = ''
for await (const part of process.stdin) text += String(part)
const outcomes: object[] = []
const written = { stdout: '', stderr: '' }
const answer = process.stdout.write.bind(process.stdout)
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (data: unknown, ...rest: unknown[]): boolean => {
    written[name] += String(data)
    const done = rest.at(-1)
    if (typeof done === 'function') done()
    return true
  }
}
for (const argv of JSON.parse(text) as string[][]) {
  written.stdout = written.stderr = ''
  const code = await run(argv)
  outcomes.push({ code, signal: null, ...written })
}
answer(JSON.stringify(outcomes))
