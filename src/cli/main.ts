#!/usr/bin/env node
import { run } from './run.ts'

// `svec ... | head` has read enough: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

// Not process.exit(): what is written must reach a slow reader first.
process.exitCode = await run(process.argv.slice(2))
