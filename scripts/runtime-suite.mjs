// Runs our compiled test files under Bun or Deno: `node scripts/runtime-suite.mjs bun|deno [--core] [part of a file name ...]`
// Each file is a process of its own, as many at a time as there are cores. Bun runs it by `bun test`, and Deno by `deno test`
// with test/runtimes/node-test.ts in place of its node:test. `--core` leaves out what `npm run test:runtimes` has no time for.

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { laneOf } from './lanes.mjs'
import { installed, VERSIONS } from './runtimes.mjs'

const REPOSITORY = 'about the repository, not about a runtime'
const PROGRAMS = 'programs of the documentation, printed by the console.log() of Node'

/** Beginnings of the paths, under test/, of files that these runtimes do not run, each with the reason. */
export const EXCLUDED = {
  'bench/': { reason: REPOSITORY },
  'column-names': { reason: REPOSITORY },
  'file-names': { reason: REPOSITORY },
  lanes: { reason: REPOSITORY },
  layers: { reason: REPOSITORY },
  package: { reason: REPOSITORY },
  'prose/': { reason: REPOSITORY },
  release: { reason: REPOSITORY },
  seed: { reason: REPOSITORY },
  'test-imports': { reason: REPOSITORY },
  'docs-': { reason: PROGRAMS },
  examples: { reason: PROGRAMS },
  'orm/': { reason: PROGRAMS },
  readme: { reason: PROGRAMS },
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

/** All test files, with the reason why a runtime does not run them; undefined for those that it runs. */
export function suiteOf(runtime) {
  return readdirSync('test', { recursive: true })
    .map(file => String(file).replaceAll('\\', '/'))
    .filter(file => file.endsWith('.test.ts'))
    .toSorted()
    .map(file => ({ file, reason: reasonFor(runtime, file) }))
}

function reasonFor(runtime, file) {
  const ofLane = EXCLUDED_LANES[laneOf(file)]
  if (ofLane !== undefined) return ofLane
  const [, found] = Object.entries(EXCLUDED).find(([beginning]) => file.startsWith(beginning)) ?? []
  return found === undefined || (found.runtimes && !found.runtimes.includes(runtime))
    ? undefined
    : found.reason
}

/** Runs one file; what it printed, and how many of its tests passed, were left out and failed. */
function run(runtime, file) {
  const { bin, args } = COMMANDS[runtime]
  const program = join(installed(runtime), 'node_modules', '.bin', bin)
  const env = { ...process.env, NO_COLOR: '1' }
  // A child started by another test runner would inherit its context.
  delete env['NODE_TEST_CONTEXT']
  const compiled = `./dist/test/${file.replace(/\.ts$/, '.js')}`
  const child = spawn(program, [...args, compiled], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => (output += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), 600_000)
  const started = performance.now()
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const seconds = (performance.now() - started) / 1000
      const end = signal ?? code
      done({ file, ok: code === 0, end, output, seconds, ...counted(runtime, output) })
    })
  })
}

function counted(runtime, output) {
  const sum = pattern => [...output.matchAll(pattern)].reduce((all, [, n]) => all + Number(n), 0)
  if (runtime === 'bun') {
    return { passed: sum(/^ *(\d+) pass$/gm), left: sum(/^ *(\d+) skip$/gm) }
  }
  return {
    passed: sum(/^# node:test: (\d+) passed/gm),
    left: sum(/^# node:test: .*, (\d+) left out/gm),
  }
}

/** Runs a suite, prints what fails and the sums, and returns whether everything passed. */
export async function runSuite(runtime, { core = false, words = [] } = {}) {
  const all = suiteOf(runtime)
  const files = all
    .filter(({ reason }) => reason === undefined)
    .map(({ file }) => file)
    .filter(file => !core || CORE.some(beginning => file.startsWith(beginning)))
    .filter(file => words.length === 0 || words.some(word => file.includes(word)))
  if (files.length === 0) throw new Error(`no test file matches ${words.join(' ')}`)
  installed(runtime)
  const waiting = [...files]
  const results = []
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await run(runtime, file)
      results.push(result)
      const { passed, left, seconds } = result
      console.log(`${file}: ${passed} passed, ${left} left out, ${seconds.toFixed(1)} s`)
      if (result.ok) continue
      console.error(`FAILED under ${runtime}: ${file} ended with ${result.end}`)
      console.error(result.output.slice(-8000))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  const failed = results.filter(({ ok }) => !ok)
  const total = name => results.reduce((sum, result) => sum + result[name], 0)
  console.log(
    `${runtime} ${VERSIONS[runtime]}: ${results.length} files, ${total('passed')} tests passed, ` +
      `${total('left')} left out, ${failed.length} files failed`,
  )
  if (!core && words.length === 0) {
    for (const reason of new Set(all.map(each => each.reason).filter(Boolean)))
      console.log(`not run: ${all.filter(each => each.reason === reason).length} files ${reason}`)
  }
  return failed.length === 0
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values, positionals } = parseArgs({
    options: { core: { type: 'boolean' } },
    allowPositionals: true,
  })
  const [runtime, ...words] = positionals
  if (!(runtime in COMMANDS)) throw new Error('the first argument is bun or deno')
  process.exit((await runSuite(runtime, { ...values, words })) ? 0 : 1)
}
