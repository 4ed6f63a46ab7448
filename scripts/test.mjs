// Runs node:test over the compiled test files. `node scripts/test.mjs [part of a file name ...] [-- node options]`

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const split = process.argv.indexOf('--')
const words = process.argv.slice(2, split < 0 ? undefined : split)
const options = split < 0 ? [] : process.argv.slice(split + 1)
const files = readdirSync('test', { recursive: true })
  .map(String)
  .filter(file => file.endsWith('.test.ts'))
  .filter(file => words.length === 0 || words.some(word => file.includes(word)))
  .toSorted()
  .map(file => join('dist', 'test', file.replace(/\.ts$/, '.js')))
if (files.length === 0)
  throw new Error(`no test file matches ${words.join(' ') || 'test/**/*.test.ts'}`)

// A child started by another test runner would inherit its context, run nothing and exit 0.
const env = { ...process.env }
delete env['NODE_TEST_CONTEXT']
const major = Number(process.versions.node.split('.')[0])
const args = ['--enable-source-maps', '--test', '--test-reporter=spec', '--test-timeout=600000']
if (major >= 22) args.push('--test-force-exit')
const { status } = spawnSync(process.execPath, [...args, ...options, ...files], {
  stdio: 'inherit',
  env,
})
process.exit(status ?? 1)
