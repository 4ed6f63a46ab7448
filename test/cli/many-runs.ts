import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { moduleArguments } from '../module-arguments.ts'
import type { Outcome } from './svec.ts'

/** Runs command lines one after the other in one process: what `svec` itself runs, without starting Node each time. */
const RUNNER = `
import { run } from ${JSON.stringify(resolve('dist/src/cli/run.js'))}
process.setMaxListeners(0)
let text = ''
for await (const part of process.stdin) text += part
const outcomes = []
const written = { stdout: '', stderr: '' }
const answer = process.stdout.write.bind(process.stdout)
for (const name of ['stdout', 'stderr']) {
  process[name].write = (data, ...rest) => {
    written[name] += String(data)
    rest.at(-1)?.()
    return true
  }
}
for (const argv of JSON.parse(text)) {
  written.stdout = written.stderr = ''
  const code = await run(argv)
  outcomes.push({ code, signal: null, ...written })
}
answer(JSON.stringify(outcomes))
`

export function manyRuns(
  commands: readonly (readonly string[])[],
  cwd: string,
): Promise<readonly Outcome[]> {
  const child = spawn(process.execPath, moduleArguments(RUNNER), {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  child.stdin.end(JSON.stringify(commands))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', code => {
      if (code === 0) done(JSON.parse(Buffer.concat(parts).toString()) as Outcome[])
      else failed(new Error(`the commands ended with ${String(code)}`))
    })
  })
}
