#!/usr/bin/env node
import { watchOutputs } from './broken-output.ts'
import { EXIT } from './exit-code.ts'
import { wasInterrupted } from './interrupt.ts'
import { run, wantsJson } from './run.ts'
import { optimizeLater } from './tiering.ts'

const argv = process.argv.slice(2)
watchOutputs(wantsJson(argv))
optimizeLater()

// Not process.exit(): the output must first reach a slow reader.
process.exitCode = await run(argv)

// Deno goes on waiting for the rest of an stdin that was given up.
if (wasInterrupted() || process.exitCode === EXIT.interrupted) {
  for (const output of [process.stdout, process.stderr])
    await new Promise<void>(resolve => output.write('', () => resolve()))
  process.exit()
}
