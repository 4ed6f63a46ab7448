#!/usr/bin/env node
import { watchOutputs } from './broken-output.ts'
import { run, wantsJson } from './run.ts'

const argv = process.argv.slice(2)
watchOutputs(wantsJson(argv))

// Not process.exit(): what is written must reach a slow reader first.
process.exitCode = await run(argv)
