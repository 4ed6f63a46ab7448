import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { before, test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { temporaryFolder } from './svec.ts'
import { openTerminal } from './terminal.ts'

const PAGE = 'docs/cli.md'
const page = readFileSync(PAGE, 'utf8')
const update = process.env['UPDATE_DOCS'] === '1'
const folder = temporaryFolder()
const terminal = openTerminal()
const bin = join(folder, 'bin')

before(() => {
  mkdirSync(bin)
  const main = resolve('dist/src/cli/main.js')
  writeFileSync(join(bin, 'svec'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`)
  chmodSync(join(bin, 'svec'), 0o755)
})

interface Step {
  /** The lines of the command as they stand on the page. */
  readonly shown: readonly string[]
  readonly command: string
  readonly answer: string
}

interface Block {
  readonly kind: string
  /** What stands between the fences. */
  readonly text: string
  readonly steps: readonly Step[]
}

/** Fenced blocks of commands: lines of a command begin with '$ ' and '> ', what follows is its answer. */
function blocksOf(text: string): Block[] {
  return Array.from(text.matchAll(/^```(console|console terminal|text)\n([^]*?)^```$/gm), found => {
    const steps: { shown: string[]; answer: string[] }[] = []
    for (const line of found[2].split('\n').slice(0, -1)) {
      if (line.startsWith('$ ')) steps.push({ shown: [line], answer: [] })
      else if (line.startsWith('> ')) steps.at(-1)?.shown.push(line)
      else steps.at(-1)?.answer.push(line)
    }
    return {
      kind: found[1],
      text: found[2],
      steps: steps.map(({ shown, answer }) => ({
        shown,
        command: shown.map(line => line.slice(2)).join('\n'),
        answer: answer.join('\n'),
      })),
    }
  })
}

const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, TERM: 'xterm' }
const cwd = folder

function answerOf(kind: string, command: string): string {
  if (kind === 'console terminal') {
    assert.ok(terminal)
    return terminal(['bash', '-c', command], { env, cwd }).screen.trimEnd()
  }
  const { stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${command}`], {
    env,
    cwd,
    encoding: 'utf8',
  })
  return stdout.trimEnd()
}

/** What differs from run to run and from machine to machine. */
function steady(text: string): string {
  return text
    .replaceAll(/\d+\.\d s\b/g, '0.1 s')
    .replaceAll(/[\d.]+ (bytes|KB|MB|GB|TB)/g, 'N $1')
    .replaceAll(/N (bytes|KB|MB|GB|TB) free/g, 'N free')
    .replaceAll(/(Node: ).*/g, '$1N')
    .replaceAll(/(SQLite: )[\d.]+/g, '$1N')
    .replaceAll(/(svec: )\d\S*/g, '$1N')
    .replaceAll(/^.*(locks|kernels): .*(\n {9}.*)?/gm, '$1')
}

test('the commands of docs/cli.md answer as it says', () => {
  let renewed = page
  const blocks = blocksOf(page)
  assert.ok(blocks.filter(({ kind }) => kind === 'console').length > 5)
  for (const { kind, text, steps } of blocks) {
    if (kind === 'console terminal' && !terminal) continue
    const lines: string[] = []
    for (const { shown, command, answer } of steps) {
      const found = answerOf(kind, command)
      if (!update) assert.equal(steady(found), steady(answer), command)
      lines.push(...shown, ...(found === '' ? [] : [found]))
    }
    renewed = renewed.replace(`\n${text}\`\`\``, () => `\n${lines.join('\n')}\n\`\`\``)
  }
  if (update) writeFileSync(PAGE, renewed)
})

test('docs/cli.md has every command', async () => {
  const shown = new Set(blocksOf(page).flatMap(({ steps }) => steps.map(({ command }) => command)))
  for (const command of COMMANDS) {
    if ('run' in (await command.load()))
      assert.ok(shown.has(`svec ${command.name} --help`), command.name)
    assert.ok(page.includes(`### ${command.name}\n`), `${command.name} has no section`)
  }
})
