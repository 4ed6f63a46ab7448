// Runs node:test over the compiled test files:
// `node scripts/test.mjs [--lane=name ...] [--complete] [--sums=file] [part of a file name ...] [-- node options]`
// At the end it names each skipped test with its reason. With `--complete` a skipped test is a failure.
// `--sums` writes how many files ran, and how many of their tests passed, were left out and failed, as JSON.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BEYOND_INSTALLATION, FACTS, laneOf, LANES } from './lanes.mjs'

/** So many of the slowest files are named at the end. */
const SLOWEST = 20

const split = process.argv.indexOf('--')
const nodeOptions = split < 0 ? [] : process.argv.slice(split + 1)
const { values, positionals: words } = parseArgs({
  args: process.argv.slice(2, split < 0 ? undefined : split),
  options: {
    lane: { type: 'string', multiple: true },
    complete: { type: 'boolean' },
    sums: { type: 'string' },
  },
  allowPositionals: true,
})
const lanes = values.lane ?? Object.keys(LANES).filter(lane => lane !== 'runtimes')
for (const lane of lanes) {
  if (!(lane in LANES))
    throw new Error(`unknown lane '${lane}': expected one of ${Object.keys(LANES).join(', ')}`)
}
const files = readdirSync('test', { recursive: true })
  .map(file => String(file).replaceAll('\\', '/'))
  .filter(file => file.endsWith('.test.ts'))
  .filter(file => lanes.includes(laneOf(file)))
  .filter(file => words.length === 0 || words.some(word => file.includes(word)))
  .toSorted()
  .map(file => join('dist', 'test', file.replace(/\.ts$/, '.js')))
if (files.length === 0)
  throw new Error(`no test file of ${lanes.join(', ')} matches ${words.join(' ') || '*'}`)

// A child started by another test runner would inherit its context, run nothing and exit 0.
const env = { ...process.env }
delete env['NODE_TEST_CONTEXT']
const folder = mkdtempSync(join(tmpdir(), 'test-run-'))
const skips = join(folder, 'skips.jsonl')
const args = [
  '--enable-source-maps',
  '--test',
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
  '--test-reporter=./scripts/skip-reporter.mjs',
  `--test-reporter-destination=${skips}`,
  '--test-timeout=600000',
]
// By default, node:test leaves a core free. Time limits in the tests have room for a busy machine. Tests often wait for
// servers and other processes, so one more file than there are cores keeps the cores busy.
const waiting = lanes.includes('runtimes') ? 0 : 1
args.push(`--test-concurrency=${availableParallelism() + waiting}`)
const { status } = spawnSync(process.execPath, [...args, ...nodeOptions, ...files], {
  stdio: 'inherit',
  env,
})
const reported = readFileSync(skips, 'utf8')
  .split('\n')
  .filter(line => line !== '')
  .map(line => JSON.parse(line))
rmSync(folder, { recursive: true })
if (values.sums !== undefined) {
  // The sums of the whole run come last.
  const sum = name => reported.findLast(line => line.sum === name)?.number ?? 0
  const [passed, left] = [sum('pass'), sum('skipped')]
  const failed = status === 0 ? 0 : Math.max(1, sum('fail') + sum('cancelled'))
  writeFileSync(values.sums, JSON.stringify({ files: files.length, passed, left, failed }))
}
const slowest = reported
  .filter(line => line.time !== undefined)
  .toSorted((a, b) => b.seconds - a.seconds)
if (slowest.length > SLOWEST) {
  console.error('The slowest files, in seconds of their tests:')
  for (const { time, seconds } of slowest.slice(0, SLOWEST))
    console.error(`  ${seconds.toFixed(1).padStart(6)} ${time}`)
}
const leftOut = reported.filter(
  ({ reason }) => reason !== undefined && !FACTS.some(fact => fact.test(reason)),
)
for (const reason of new Set(leftOut.map(skip => skip.reason))) {
  console.error(`LEFT OUT: ${reason}`)
  for (const { file, name } of leftOut.filter(skip => skip.reason === reason))
    console.error(`  ${file}: ${name}`)
}
if (leftOut.length > 0)
  console.error(`${leftOut.length} tests or suites were left out, for the reasons above.`)
const missing = leftOut.filter(
  ({ reason }) => !BEYOND_INSTALLATION.some(accepted => accepted.test(reason)),
)
const incomplete = values.complete === true && missing.length > 0
process.exit(incomplete ? status || 1 : (status ?? 1))
