// Runs our compiled test files under Bun or Deno: `node scripts/runtime-suite.mjs bun|deno [--core] [part of a file name ...]`
// Each file is a process of its own, as many at a time as there are cores. Bun runs it by `bun test`, and Deno by `deno test`
// with test/runtimes/node-test.ts in place of its node:test. `--core` leaves out what `npm run test:runtimes` has no time for.

import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { laneOf } from './lanes.mjs'
import { installed, VERSIONS } from './runtimes.mjs'

const REPOSITORY = 'about the repository, not about a runtime'
const THREADS = 'threads help searches in Node alone'
const PROGRAMS = 'programs of the documentation, printed by the console.log() of Node'

/**
 * Beginnings of the paths, under test/, of files that these runtimes do not run, each with the reason. A single test that
 * cannot run there is skipped in its file. docs/runtimes/versions.md repeats both tables: test/runtime-lists.test.ts.
 */
export const EXCLUDED = {
  'bench/': REPOSITORY,
  'closed-kinds': REPOSITORY,
  'column-names': REPOSITORY,
  'file-names': REPOSITORY,
  lanes: REPOSITORY,
  layers: REPOSITORY,
  package: REPOSITORY,
  'prose/': REPOSITORY,
  release: REPOSITORY,
  'runtime-lists': REPOSITORY,
  seed: REPOSITORY,
  'test-imports': REPOSITORY,
  'docs-': PROGRAMS,
  examples: PROGRAMS,
  'orm/': PROGRAMS,
  readme: PROGRAMS,
  'threads/batch': THREADS,
  'threads/thread-': THREADS,
  'threads/together': THREADS,
  'worker/sharing': 'readers share an index in Node alone',
}

/** Whole lanes, with the reason. */
export const EXCLUDED_LANES = {
  servers: 'with database servers',
  soak: 'random work for minutes',
  runtimes: 'they start runtimes and browsers themselves',
}

/** Beginnings of the paths of files that run in `npm run test:runtimes`; all others have only `npm run test:bun` and so on. */
export const CORE = [
  'admin/',
  'attach/attach',
  'chunking/',
  'database/database',
  'engine/',
  'filter/',
  'interchange/',
  'kernels/',
  'original/formats',
  'original/golden-',
  'unit/',
  'vector/',
  'vecutil/',
]

const COMMANDS = {
  bun: { bin: 'bun', args: ['test', '--timeout', '600000'] },
  deno: {
    bin: 'deno',
    args: ['test', '--allow-all', '--no-check', '--import-map=test/runtimes/deno-imports.json'],
  },
}

/** All test files, with the reason why these runtimes do not run them; undefined for those that they run. */
export function suite() {
  return readdirSync('test', { recursive: true })
    .map(file => String(file).replaceAll('\\', '/'))
    .filter(file => file.endsWith('.test.ts'))
    .toSorted()
    .map(file => ({ file, reason: reasonFor(file) }))
}

function reasonFor(file) {
  const [, reason] =
    Object.entries(EXCLUDED).find(([beginning]) => file.startsWith(beginning)) ?? []
  return EXCLUDED_LANES[laneOf(file)] ?? reason
}

/** Runs one file; what it printed, and how many of its tests passed, were left out and failed. */
function run(runtime, file) {
  const { bin, args } = COMMANDS[runtime]
  const program = join(installed(runtime), 'node_modules', '.bin', bin)
  const env = { ...process.env, NO_COLOR: '1' }
  // A child started by another test runner would inherit its context.
  delete env['NODE_TEST_CONTEXT']
  const compiled = `./dist/test/${file.replace(/\.ts$/, '.js')}`
  // A group of its own, so that a file that is ended takes the processes that it started along.
  const options = { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true }
  const child = spawn(program, [...args, compiled], options)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => (output += text))
  const stop = () => process.kill(-child.pid, 'SIGKILL')
  const timer = setTimeout(stop, 600_000)
  process.on('exit', stop)
  const started = performance.now()
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      process.off('exit', stop)
      const seconds = Math.round((performance.now() - started) / 100) / 10
      done({ file, end: signal ?? code, seconds, ...counted(runtime, code, output), output })
    })
  })
}

/** A file that failed for another reason than a test counts as one that failed. */
function counted(runtime, code, output) {
  const sum = pattern => [...output.matchAll(pattern)].reduce((all, [, n]) => all + Number(n), 0)
  const [passed, left, failed] =
    runtime === 'bun'
      ? [/^ *(\d+) pass$/gm, /^ *(\d+) skip$/gm, /^ *(\d+) fail$/gm]
      : ['passed', 'left out', 'failed'].map(
          what => new RegExp(`^# node:test: .*?(\\d+) ${what}`, 'gm'),
        )
  return {
    passed: sum(passed),
    left: sum(left),
    failed: code === 0 ? 0 : Math.max(1, sum(failed)),
  }
}

/** The test files that these runtimes run, whose paths contain one of the words; those outside the core come first. */
export function filesOf({ core = false, words = [] } = {}) {
  return suite()
    .filter(({ reason }) => reason === undefined)
    .map(({ file }) => file)
    .filter(file => !core || inCore(file))
    .filter(file => words.length === 0 || words.some(word => file.includes(word)))
    .toSorted((a, b) => Number(inCore(a)) - Number(inCore(b)))
}

const inCore = file => CORE.some(beginning => file.startsWith(beginning))

/** The results in a log, one line of JSON for each file that passed. */
function logged(log, runtime) {
  if (log === undefined || !existsSync(log)) return []
  const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean)
  return lines.map(line => JSON.parse(line)).filter(each => each.runtime === runtime)
}

/**
 * Runs a suite, prints what fails and the sums, and returns the sums. What a log says to have passed does not run again.
 */
export async function runSuite(runtime, { core = false, words = [], log } = {}) {
  const files = filesOf({ core, words })
  if (files.length === 0) throw new Error(`no test file matches ${words.join(' ')}`)
  installed(runtime)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
  const results = logged(log, runtime).filter(({ file }) => files.includes(file))
  const waiting = files.filter(file => !results.some(result => result.file === file))
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { output, ...result } = await run(runtime, file)
      results.push(result)
      const { passed, left, failed, seconds, end } = result
      console.log(`${file}: ${passed} passed, ${left} left out, ${seconds.toFixed(1)} s`)
      if (failed === 0) {
        if (log !== undefined) appendFileSync(log, `${JSON.stringify({ runtime, ...result })}\n`)
        continue
      }
      console.error(`FAILED under ${runtime}: ${file} ended with ${end}`)
      console.error(output.slice(-8000))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  const total = name => results.reduce((sum, result) => sum + result[name], 0)
  const sums = {
    files: results.length,
    passed: total('passed'),
    left: total('left'),
    failed: total('failed'),
    failedFiles: results.filter(({ failed }) => failed > 0).length,
  }
  console.log(
    `${runtime} ${VERSIONS[runtime]}: ${sums.files} files, ${sums.passed} tests passed, ` +
      `${sums.left} left out, ${sums.failedFiles} files failed`,
  )
  if (!core && words.length === 0) {
    const reasons = suite().flatMap(({ reason }) => reason ?? [])
    for (const reason of new Set(reasons))
      console.log(`not run: ${reasons.filter(each => each === reason).length} files ${reason}`)
  }
  return sums
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values, positionals } = parseArgs({
    options: { core: { type: 'boolean' }, log: { type: 'string' } },
    allowPositionals: true,
  })
  const [runtime, ...words] = positionals
  if (!(runtime in COMMANDS)) throw new Error('the first argument is bun or deno')
  process.exit((await runSuite(runtime, { ...values, words })).failed === 0 ? 0 : 1)
}
