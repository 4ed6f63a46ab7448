// Runs our tests in every runtime, and writes the table of results of docs/runtimes/versions.md:
// `npm run matrix -- [--lane=name ...] [--log=file] [runtime ...]`
// A run of a few runtimes replaces their rows. `--lane` is for Node, whose whole suite takes half an hour. `--log` is for
// Bun and Deno: files that it says to have passed do not run again, so a run that was stopped goes on.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { LANES } from './lanes.mjs'
import { runSuite } from './runtime-suite.mjs'
import { installed, VERSIONS } from './runtimes.mjs'

const PAGE = 'docs/runtimes/versions.md'
const HEAD = `| runtime | version | what ran | files | passed | left out | failed | date |
|---|---|---|---|---|---|---|---|`
const BEGIN = '<!-- matrix: written by `npm run matrix` -->\n'
const END = '<!-- end of matrix -->'

/** The runtimes in the order of the table. Each runs its tests, and says what ran. */
export const RUNTIMES = {
  'node-20': { name: 'Node 20', run: node },
  'node-22': { name: 'Node 22', run: node },
  'node-24': { name: 'Node 24', run: node },
  'node-26': { name: 'Node 26', run: node },
  bun: { name: 'Bun', run: whole },
  deno: { name: 'Deno', run: whole },
  chromium: {
    name: 'Chromium',
    run: () => ({
      version: /[\d.]+/.exec(said('chromium', ['--version']))[0],
      what: 'the tests of browsers, which Node drives',
      ...runFiles(process.execPath, ['runtimes/browser', 'runtimes/tabs', 'runtimes/playground.']),
    }),
  },
  workerd: {
    name: 'workerd',
    run: () => ({
      version: VERSIONS['workerd'],
      what: 'the tests of edge functions, which Node drives',
      ...runFiles(process.execPath, ['runtimes/edge']),
    }),
  },
}

/** Lanes of the suite in one version of Node: this one, or one that is installed outside the repository. */
function node(runtime, { lanes }) {
  const program =
    runtime === `node-${process.versions.node.split('.')[0]}`
      ? process.execPath
      : join(installed(runtime), 'node_modules', runtime, 'bin', 'node')
  const all = Object.keys(LANES).filter(lane => lane !== 'runtimes')
  const chosen = lanes ?? all
  return {
    version: said(program, ['--version']).slice(1),
    what:
      chosen.length === all.length ? 'the whole suite' : chosen.map(lane => `the lane \`${lane}\``).join(', '), // prettier-ignore
    ...runFiles(program, [], chosen),
  }
}

async function whole(runtime, { log }) {
  return {
    version: VERSIONS[runtime],
    what: 'the whole suite',
    ...(await runSuite(runtime, { log })),
  }
}

/** The sums of test files under a Node. */
function runFiles(program, words, lanes = ['runtimes']) {
  const folder = mkdtempSync(join(tmpdir(), 'matrix-'))
  const sums = join(folder, 'sums.json')
  const args = ['scripts/test.mjs', ...lanes.map(lane => `--lane=${lane}`), `--sums=${sums}`]
  spawnSync(program, [...args, ...words], { stdio: 'inherit' })
  try {
    return JSON.parse(readFileSync(sums, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function said(program, args) {
  const { stdout, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) throw error
  return stdout.trim()
}

/** The page with a row in its table. */
export function merged(page, { name, version, what, files, passed, left, failed, date }) {
  const [before, table, after] = parts(page)
  const rows = new Map(table.map(row => [row.split('|')[1].trim(), row]))
  const cells = [name, version, what, files, passed.toLocaleString('en-US'), left, failed, date]
  rows.set(name, `| ${cells.join(' | ')} |`)
  const ordered = Object.values(RUNTIMES).flatMap(each => rows.get(each.name) ?? [])
  return `${before}${BEGIN}${[HEAD, ...ordered].join('\n')}\n${END}${after}`
}

/** What is before the table, its rows, and what is after it. */
function parts(page) {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no table between the marks of matrix`)
  const lines = page
    .slice(begin + BEGIN.length, end)
    .trimEnd()
    .split('\n')
  return [page.slice(0, begin), lines.slice(HEAD.split('\n').length), page.slice(end + END.length)]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values, positionals } = parseArgs({
    options: { lane: { type: 'string', multiple: true }, log: { type: 'string' } },
    allowPositionals: true,
  })
  const named = positionals.length === 0 ? Object.keys(RUNTIMES) : positionals
  for (const runtime of named)
    if (!(runtime in RUNTIMES))
      throw new Error(`unknown runtime '${runtime}': expected ${Object.keys(RUNTIMES).join(', ')}`)
  let failures = 0
  for (const runtime of named) {
    const { name, run } = RUNTIMES[runtime]
    const result = await run(runtime, { lanes: values.lane, log: values.log })
    const date = new Date().toISOString().slice(0, 10)
    writeFileSync(PAGE, merged(readFileSync(PAGE, 'utf8'), { name, date, ...result }))
    console.log(
      `${name}: ${result.passed} passed, ${result.left} left out, ${result.failed} failed`,
    )
    failures += result.failed
  }
  process.exit(failures === 0 ? 0 : 1)
}
