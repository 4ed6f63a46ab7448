import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

const SCRIPT = resolve('scripts/release.mjs')
const CHANGELOG = `# Changelog

## Unreleased
### Added
- A thing.

## 0.1.0 - 2026-01-01
### Fixed
- Another.
`
const CITATION = 'title: released\nversion: 0.1.0\ndate-released: 2026-01-01\n'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'))
  const manifest = { name: 'released', version: '0.1.0', files: ['dist', 'CHANGELOG.md'] }
  write('package.json', JSON.stringify(manifest))
  const lock = { name: 'released', version: '0.1.0', packages: { '': { version: '0.1.0' } } }
  write('package-lock.json', JSON.stringify(lock))
  write('src/core/version.ts', `export const VERSION = '0.1.0'\n`)
  write('CHANGELOG.md', CHANGELOG)
  write('CITATION.cff', CITATION)
  for (const path of [
    'README.md',
    'LICENSE',
    'dist/lib/main.js',
    'dist/lib/main.browser.js',
    'dist/lib/sqlite3.wasm',
    'dist/src/entries/main.d.ts',
  ])
    write(path, 'x\n')
  git('init', '--quiet')
  git('config', 'user.name', 'test')
  git('config', 'user.email', 'test@example.org')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'first')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function git(...args: string[]): string {
  return spawnSync('git', args, { cwd: folder, encoding: 'utf8' }).stdout.trim()
}

function release(...args: string[]): { status: number | null; stderr: string } {
  const options = { cwd: folder, encoding: 'utf8' } as const
  return spawnSync(process.execPath, [SCRIPT, ...args, '--no-check'], options)
}

test('a release sets the version everywhere, dates the changelog, commits and tags', () => {
  const { status, stderr } = release('0.2.0')
  assert.equal(status, 0, stderr)
  const versions = ['package.json', 'src/core/version.ts', 'package-lock.json'].map(
    path => readFileSync(join(folder, path), 'utf8').split('0.2.0').length - 1,
  )
  assert.deepEqual(versions, [1, 1, 2])
  const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')
  assert.match(changelog, /^## 0\.2\.0 - \d{4}-\d\d-\d\d\n### Added\n- A thing\.$/m)
  assert.match(changelog, /^## 0\.1\.0 - 2026-01-01$/m)
  assert.doesNotMatch(changelog, /unreleased/i)
  const citation = readFileSync(join(folder, 'CITATION.cff'), 'utf8')
  assert.match(citation, /^version: 0\.2\.0\ndate-released: \d{4}-\d\d-\d\d$/m)
  assert.equal(git('tag', '--list'), 'v0.2.0')
  assert.equal(git('status', '--porcelain'), '')
})

const refusals: [name: string, args: string[], prepare: () => void, message: RegExp][] = [
  ['no version', [], () => undefined, /is not a version/],
  ['a word for a version', ['next'], () => undefined, /next is not a version/],
  ['uncommitted changes', ['0.2.0'], () => write('README.md', 'y\n'), /uncommitted changes/],
  ['a tag that exists', ['0.2.0'], () => git('tag', 'v0.2.0'), /v0\.2\.0 exists already/],
  [
    'a changelog without an unreleased section',
    ['0.2.0'],
    () => commit('CHANGELOG.md', '# Changelog\n'),
    /no section whose title says "unreleased"/,
  ],
  [
    'an unreleased section without entries',
    ['0.2.0'],
    () => commit('CHANGELOG.md', '# Changelog\n\n## Unreleased\n'),
    /has no entries/,
  ],
  [
    'a section of another name',
    ['0.2.0'],
    () => commit('CHANGELOG.md', '# Changelog\n\n## Unreleased\n### News\n- A thing.\n'),
    /section News is none of/,
  ],
  [
    'a package that lacks its declarations',
    ['0.2.0'],
    () => {
      rmSync(join(folder, 'dist/src/entries/main.d.ts'))
      git('commit', '--quiet', '--all', '--message', 'less')
    },
    /lacks dist\/src\/entries\/main\.d\.ts/,
  ],
  [
    'a package that holds a database',
    ['0.2.0'],
    () => commit('dist/src/left.sqlite', 'x'),
    /holds dist\/src\/left\.sqlite/,
  ],
]

function commit(path: string, text: string): void {
  write(path, text)
  git('add', '--all')
  git('commit', '--quiet', '--message', 'next')
}

for (const [name, args, prepare, message] of refusals) {
  test(`a release is refused with ${name}`, () => {
    prepare()
    const { status, stderr } = release(...args)
    assert.equal(status, 1)
    assert.match(stderr, message)
    assert.notEqual(git('log', '-1', '--format=%s'), 'Release 0.2.0')
    assert.match(readFileSync(join(folder, 'package.json'), 'utf8'), /"version":"0\.1\.0"/)
  })
}
