// Prepares a release: `npm run release -- 1.2.0 [--no-check] [--no-embedder]`.
// Sets the version, makes the model of packages/embedder and packs both packages, dates the changelog's section, checks what would be published, commits and tags. It pushes and publishes nothing.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const SECTIONS = ['Added', 'Changed', 'Fixed', 'Removed', 'Security']
/** What every package must hold, and what none may. */
const REQUIRED = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'dist/lib/main.js',
  'dist/lib/main.browser.js',
  'dist/lib/sqlite3.wasm',
  'dist/src/entries/main.d.ts',
]
const FORBIDDEN = /(^|\/)(test|bench|node_modules|\.github)\/|\.(sqlite|db|map|log)$/
const MAX_BYTES = 4 * 2 ** 20

const version = process.argv[2]
const check = !process.argv.includes('--no-check')
const embedder =
  !process.argv.includes('--no-embedder') && existsSync('packages/embedder/package.json')
let written = false

if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version ?? ''))
  fail(`${version ?? 'nothing'} is not a version: give one such as 1.2.0`)
if (git('status', '--porcelain') !== '') fail('there are uncommitted changes: commit them first')
if (git('tag', '--list', `v${version}`) !== '') fail(`the tag v${version} exists already`)

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const dated = released(readFileSync('CHANGELOG.md', 'utf8'))
written = true
writeFileSync('CHANGELOG.md', dated)
setVersion('package.json', manifest.version)
setVersion('package-lock.json', manifest.version)
setVersion('src/core/version.ts', manifest.version)
citeVersion()
if (embedder) setVersion('packages/embedder/package.json', manifest.version)
if (check) {
  run('npm', 'run', '-s', 'check')
  run('npm', 'test')
}
checkPackage()
if (embedder) packAll()
git('commit', '--all', '--message', `Release ${version}`)
git('tag', '--annotate', `v${version}`, '--message', `Version ${version}`)
process.stdout.write(
  `v${version} is committed and tagged: push it with its tag, then run npm publish\n`,
)

/** The changelog with its unreleased section under the new version, which must have entries in sections of known names. */
function released(changelog) {
  const [, head, body, rest] =
    /^([\s\S]*?)## [^\n]*\bunreleased\b[^\n]*\n([\s\S]*?)(?=\n## |$)([\s\S]*)$/i.exec(changelog) ??
    []
  if (body === undefined) fail('CHANGELOG.md has no section whose title says "unreleased"')
  const titles = [...body.matchAll(/^### (.+)$/gm)].map(match => match[1])
  const unknown = titles.find(title => !SECTIONS.includes(title))
  if (unknown) fail(`CHANGELOG.md: section ${unknown} is none of ${SECTIONS.join(', ')}`)
  if (titles.length === 0 || !/^- /m.test(body)) {
    fail(`CHANGELOG.md: the unreleased section has no entries under ${SECTIONS.join(', ')}`)
  }
  const today = new Date().toISOString().slice(0, 10)
  return `${head}## ${version} - ${today}\n${body}${rest}`
}

function setVersion(file, old) {
  const text = readFileSync(file, 'utf8')
  const quoted = new RegExp(`(["'])${old.replaceAll('.', '\\.')}\\1`)
  if (!quoted.test(text)) fail(`${file} does not hold the version ${old}`)
  // The lock file names it twice: for the project, and for its root package.
  const times = file === 'package-lock.json' ? 2 : 1
  let changed = text
  for (let i = 0; i < times; i++) changed = changed.replace(quoted, `$1${version}$1`)
  writeFileSync(file, changed)
}

/** The version and the day in CITATION.cff. */
function citeVersion() {
  const file = 'CITATION.cff'
  const today = new Date().toISOString().slice(0, 10)
  const text = readFileSync(file, 'utf8')
    .replace(/^version: .*$/m, `version: ${version}`)
    .replace(/^date-released: .*$/m, `date-released: ${today}`)
  for (const line of [`version: ${version}`, `date-released: ${today}`])
    if (!text.includes(`\n${line}\n`)) fail(`${file} lacks the line "${line}"`)
  writeFileSync(file, text)
}

/** Looks at the list of files that npm would publish. */
function checkPackage() {
  const [packed] = JSON.parse(run('npm', 'pack', '--dry-run', '--json', '--ignore-scripts'))
  const paths = packed.files.map(({ path }) => path)
  const missing = REQUIRED.filter(path => !paths.includes(path))
  if (missing.length > 0) fail(`the package lacks ${missing.join(', ')}`)
  const foreign = paths.filter(path => FORBIDDEN.test(path))
  if (foreign.length > 0) fail(`the package holds ${foreign.join(', ')}`)
  if (packed.unpackedSize > MAX_BYTES)
    fail(`the package unpacks to ${packed.unpackedSize} bytes, more than ${MAX_BYTES}`)
}

/** Makes the model of packages/embedder, and packs both packages into the folder, where git ignores them. */
function packAll() {
  run('npm', 'run', '-s', 'embedder')
  const packed = run('npm', 'pack', '--ignore-scripts', '.', './packages/embedder')
  process.stdout.write(packed)
}

function git(...args) {
  return run('git', ...args).trim()
}

function run(command, ...args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    fail(`${command} ${args.join(' ')} failed:\n${error.stdout ?? ''}${error.stderr ?? ''}`)
  }
}

/** Ends with a message and leaves the files as they were. */
function fail(message) {
  if (written) {
    written = false
    git('checkout', '--quiet', '--', '.')
  }
  process.stderr.write(`release: ${message}\n`)
  process.exit(1)
}
