import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { programWords } from '../module-arguments.ts'
import type { Outcome } from './svec.ts'

const [PROGRAM, ...WORDS] = programWords(resolve('dist/test/cli/many-runs-process.js'))

/** Runs command lines one after the other in one process: what `svec` itself runs, without starting Node each time. */
export function manyRuns(
  commands: readonly (readonly string[])[],
  cwd: string,
): Promise<readonly Outcome[]> {
  const child = spawn(PROGRAM, WORDS, {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  // A child that is gone before it reads ends with a code.
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify(commands))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', code => {
      if (code === 0) done(JSON.parse(Buffer.concat(parts).toString()) as Outcome[])
      else failed(new Error(`the commands ended with ${String(code)}`))
    })
  })
}
