import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { shellWord } from '../../src/core/shell-word.ts'
import { visible, visibleLine } from '../../src/core/visible.ts'
import { open } from '../../src/entries/main.ts'
import { programWords } from '../module-arguments.ts'
import { SVEC } from '../svec-program.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'
import { openTerminal } from './terminal.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)
const terminal = openTerminal()
const withoutTerminal = terminal ? false : 'python3 with pty is not here to make a terminal'

/** Clears the screen, sets the title, rings, hides, writes backwards, starts a sequence with C1, draws a line of its own. */
const HOSTILE =
  'x\u001b[2J\u001b]0;pwned\u0007\u001b[8m\u202egnp.exe\u2066\u009b31m\u007f\rsvec: ok\nsvec: all is well\t\u0085'
/** What a terminal obeys. A carriage return is ours where a line is drawn over itself. */
const OBEYED =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

// A file name cannot hold a slash, and SQLite reads a name up to NUL.
const file = path(`${HOSTILE}.sqlite`)
const two = path('two.sqlite')
const absent = path(`absent ${HOSTILE}`)
const document = { id: HOSTILE, content: HOSTILE, embedding: [1, 0], meta: { [HOSTILE]: HOSTILE } }

before(async () => {
  await svecJson(['init', file, '--table', 'docs'])
  await svecJson(['import', file, '-', '-d', HOSTILE], { input: JSON.stringify(document) })
  const db = await open(file)
  // A row that searches leave out, so that check has something to tell of this dataset.
  db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)').run(
    HOSTILE,
    `${HOSTILE}2`,
    Buffer.from([1, 2, 3]),
  )
  db.close()
  writeFileSync(path(`${HOSTILE}.jsonl`), `${JSON.stringify({ ...document, embedding: [1] })}\n`)
  writeFileSync(path(`${HOSTILE}.csv`), `"${HOSTILE}"\n1\n`)
})

const COMMANDS: readonly (readonly string[])[] = [
  ['query', file, '[1, 0]'],
  ['query', file, '[1, 0]', '-d', HOSTILE, '-d', 'b'],
  ['query', file, '[1, 0]', '-d', `${HOSTILE}3`],
  ['query', file, '[1, 0]', '--filter', HOSTILE],
  ['query', file, HOSTILE],
  ['query', file, '[1, 0]', '--embed-command', `printf '\\033[2J' >&2; exit 1`],
  ['stats', file],
  ['stats', file, '-d', `${HOSTILE}3`],
  ['check', file],
  ['check', file, '-t', HOSTILE],
  ['repair', file],
  ['rebuild', file],
  ['optimize', file],
  ['explain', file],
  ['export', file],
  ['export', file, '-f', 'csv'],
  ['export', file, '-f', 'f32', '--ids', path('i.txt'), path('i.f32')],
  ['import', file, path(`${HOSTILE}.jsonl`)],
  ['import', file, path(`${HOSTILE}.jsonl`), '-d', HOSTILE],
  ['import', file, path(`${HOSTILE}.csv`), '--id-field', HOSTILE],
  ['import', file, absent],
  ['import', file, file, '--from-table', HOSTILE],
  ['doctor', file],
  ['doctor', absent],
  ['init', two, '--table', HOSTILE],
  ['init', two, '--table', `${HOSTILE}2`],
  ['stats', two],
  ['check', two],
  ['query', two, '[1, 0]'],
  ['stats', absent],
  ['sync', 'status', '--replica', absent],
  ['sync', 'run', '--config', absent],
  ['sync', 'once', '--upstream', HOSTILE, '--replica', file],
  [HOSTILE],
  ['query', `--${HOSTILE}`],
  ['query', file, '[1, 0]', '-k', HOSTILE],
  ['query', file, '[1, 0]', HOSTILE],
]

test(
  'a terminal gets no control character of a document, a name, an argument or an error',
  { skip: withoutTerminal },
  () => {
    assert.ok(terminal)
    for (const json of [[], ['--json']]) {
      // With --json errors and answers are told in one way each.
      const commands = COMMANDS.filter((_, i) => json.length === 0 || i % 4 === 0)
      for (const command of commands) {
        const { code, screen } = terminal([...programWords(SVEC), ...command, ...json])
        assert.notEqual(code, 70, screen)
        const found = OBEYED.exec(screen)
        assert.equal(found, null, `${command.slice(0, 1).join(' ')}: ${JSON.stringify(screen)}`)
        // A field of CSV holds line ends; nothing else does.
        if (command.includes('csv')) continue
        assert.doesNotMatch(screen, /^svec: all is well/m, JSON.stringify(command))
      }
    }
  },
)

test('JSON is exact on a terminal and in a pipe', { skip: withoutTerminal }, async () => {
  assert.ok(terminal)
  const args = ['query', file, '[1, 0]', '-d', HOSTILE, '-k', '1', '--json']
  const piped = await svec(args)
  const { screen } = terminal([...programWords(SVEC), ...args])
  const { id, content, meta } = document
  for (const text of [piped.stdout, screen]) {
    const [hit] = JSON.parse(text) as object[]
    assert.deepEqual(hit, { dataset: HOSTILE, id, score: 1, distance: 0, content, meta })
  }
  assert.equal(piped.stdout, `${JSON.stringify(JSON.parse(piped.stdout))}\n`)
  const exported = terminal([
    ...programWords(SVEC),
    'export',
    file,
    '-d',
    HOSTILE,
    '--filter',
    "content <> ''",
  ])
  assert.equal((JSON.parse(exported.screen) as { content: string }).content, HOSTILE)
})

test('a command that is suggested can be pasted, control characters and all', () => {
  for (const word of [HOSTILE, "it's \\ \u001b", 'plain', "it's"]) {
    const { stdout } = spawnSync('bash', ['-c', `printf %s ${shellWord(word)}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    })
    assert.equal(stdout, word)
    assert.doesNotMatch(shellWord(word), OBEYED)
  }
})

test('each control character of Unicode is shown, and nothing else is changed', () => {
  const BIDI = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/
  for (let code = 0; code < 0x10000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue
    const character = String.fromCharCode(code)
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0) || BIDI.test(character)
    const kept = !isControl || character === '\t' || character === '\n'
    assert.equal(visible(character) === character, kept, code.toString(16))
    if (!kept) assert.equal(JSON.parse(`"${visible(character)}"`), character)
  }
  assert.equal(visibleLine('a\nb\tc'), 'a\\u000ab\tc')
})

test('a stdout that takes no more ends with 3 and one line', { skip: fullDisk() }, async () => {
  for (const args of [
    ['query', file, '[1, 0]', '-d', HOSTILE],
    ['query', file, '[1, 0]', '-d', HOSTILE, '--json'],
    ['export', file],
    ['stats', file],
    ['check', file],
    ['--help'],
    ['--version'],
    ['sync', 'ddl', '--database', 'mysql'],
  ]) {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', '"$@" > /dev/full', 'sh', ...programWords(SVEC), ...args],
      { encoding: 'utf8' },
    )
    assert.equal(status, 3, args[0])
    if (args.includes('--json')) {
      assert.deepEqual(JSON.parse(stderr), {
        error: {
          code: 'CLI_OUTPUT',
          message: 'cannot write to stdout: the disk is full',
          exit: 3,
        },
      })
    } else assert.equal(stderr, 'svec: cannot write to stdout: the disk is full\n')
  }
  // An error that cannot be told keeps its exit code.
  const untold = spawnSync('sh', ['-c', '"$@" 2> /dev/full', 'sh', ...programWords(SVEC), 'nope'])
  assert.equal(untold.status, 2)
})

function fullDisk(): string | false {
  return process.platform === 'linux' ? false : 'only Linux has /dev/full'
}

test('a reader that left is no failure, on stdout and on stderr', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `{"id": "${i}", "embedding": [${i}, 1]}`)
  const many = path('many.sqlite')
  await svecJson(['init', many])
  await svecJson(['import', many, '-'], { input: lines.join('\n') })
  for (const redirect of ['| head -n 1', '2>&1 | head -n 1', '| true']) {
    const { stdout, stderr } = spawnSync(
      'bash',
      [
        '-c',
        `"$@" ${redirect}; echo "exit \${PIPESTATUS[0]}"`,
        'bash',
        ...programWords(SVEC),
        'export',
        many,
      ],
      { encoding: 'utf8' },
    )
    assert.match(stdout, /exit 0\n$/)
    assert.equal(stderr, '')
  }
})
