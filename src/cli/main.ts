#!/usr/bin/env node
import { watchOutputs } from './broken-output.ts'
import { run, wantsJson } from './run.ts'
import { optimizeLater } from './tiering.ts'

const argv = process.argv.slice(2)
watchOutputs(wantsJson(argv))
optimizeLater()

// Not process.exit(): the output must first reach a slow reader.
process.exitCode = await run(argv)
