import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)

interface ErrorReport {
  readonly error: { code: string; message: string; hint?: string; exit: number }
}

test('an unknown command names the nearest right one', async () => {
  const { code, stderr, stdout } = await svec(['inti'])
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /unknown command 'inti': did you mean init\?/)
  assert.doesNotMatch(stderr, /\n\s+at /)
})

test('an unknown option names the nearest right one', async () => {
  const { code, stderr } = await svec(['init', path('a.sqlite'), '--metrik', 'dot'])
  assert.equal(code, 2)
  assert.match(stderr, /unknown option --metrik of svec init: did you mean --metric\?/)
  assert.ok(!existsSync(path('a.sqlite')))
})

test('missing, surplus and valueless arguments are usage errors', async () => {
  for (const [args, expected] of [
    [['init'], /<file> is missing/],
    [['init', 'a', 'b'], /takes 1 argument; 'b' is one too many/],
    [['init', 'a', '--metric'], /--metric needs a value/],
    [['init', 'a', '--table', ''], /--table needs a value, but got ''\n {2}omit the option/],
    [['query', 'a', '[1]', '--filter='], /--filter needs a value, but got ''/],
    [['query', 'a', '[1]', '-d', ' '], /-d needs a value, but got ' '/],
    [['init', 'a', '--metric', '--json'], /--metric needs a value, but '--json' looks like/],
    [['init', 'a', '--if-not-exists=yes'], /--if-not-exists does not take a value/],
    [['init', 'a', '-t', 'x', '--table', 'y'], /given twice, with different values/],
    [['init', 'a', '--busy-timeout', 'soon'], /--busy-timeout must be an integer/],
  ] as const) {
    const { code, stderr } = await svec(args, { cwd: folder })
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, expected)
  }
})

test('errors are JSON too with --json, wherever it stands', async () => {
  for (const args of [
    ['--json', 'init'],
    ['init', '--json'],
  ]) {
    const { code, stderr, stdout } = await svec(args)
    assert.equal(stdout, '')
    const { error } = JSON.parse(stderr) as ErrorReport
    assert.equal(error.code, 'CLI_USAGE')
    assert.equal(error.exit, code)
  }
})

test('every command has a help with an example, on stdout', async () => {
  const main = await svec(['--help'])
  assert.equal(main.code, 0)
  assert.equal(main.stderr, '')
  for (const found of COMMANDS) {
    assert.ok(main.stdout.includes(`  ${found.name}`))
    const loaded = await found.load()
    const listed = 'run' in loaded ? [[found.name]] : loaded.commands.map(c => [found.name, c.name])
    for (const words of listed) {
      const { code, stdout } = await svec([...words, '--help'])
      assert.equal(code, 0)
      assert.match(stdout, /Usage:\n {2}svec /)
      assert.match(stdout, /Examples:\n {2}# .+\n {2}svec /)
      const long = stdout.split('\n').filter(line => line.length > 110)
      assert.deepEqual(long, [], 'lines of a help that no terminal holds')
      assert.equal((await svec(['help', ...words])).stdout, stdout)
    }
  }
})

test('without a command the help goes to stderr, and the exit code is 2', async () => {
  const { code, stdout, stderr } = await svec([])
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /Usage:/)
})

test('--version tells the version', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  assert.equal((await svec(['--version'])).stdout, `${version}\n`)
  assert.deepEqual(await svecJson(['--version']), { version })
})

test('init makes the table, once', async () => {
  const file = path('init.sqlite')
  const first = await svecJson(['init', file, '--metric', 'euclidean', '--id-column', 'the id'])
  assert.deepEqual(first, { table: 'docs', shadow: '_vec_docs', column: 'the id', created: true })
  const second = await svec(['init', file])
  assert.equal(second.code, 3)
  assert.match(second.stderr, /docs already exists\n {2}.*--if-not-exists/)
  assert.equal((await svec(['init', file, '--if-not-exists'])).code, 0)
})

test('errors of the library keep their hint and show no stack, but with SVEC_DEBUG=1', async () => {
  const args = ['init', path('bad.sqlite'), '--metric', 'cosin']
  const { code, stderr } = await svec(args)
  assert.equal(code, 3)
  assert.match(stderr, /metric cannot be 'cosin': did you mean 'cosine'/)
  assert.doesNotMatch(stderr, /\n\s+at /)
  assert.match((await svec(args, { env: { SVEC_DEBUG: '1' } })).stderr, /\n\s+at /)
})

test('a path that is no database says so', async () => {
  writeFileSync(path('text.txt'), 'this is no database, it is a text of some length')
  mkdirSync(path('folder'))
  for (const [file, expected] of [
    ['text.txt', /is not a SQLite database/],
    ['folder', /is a directory/],
    ['nowhere/a.sqlite', /does not exist/],
  ] as const) {
    const { code, stderr } = await svec(['init', path(file)])
    assert.equal(code, 3)
    assert.match(stderr, expected)
  }
})
