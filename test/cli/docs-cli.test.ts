import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { shellCommand } from '../module-arguments.ts'
import { SVEC } from '../svec-program.ts'
import { steady, stepsOf, type Step } from '../transcript.ts'
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
  const main = SVEC
  writeFileSync(join(bin, 'svec'), `#!/bin/sh\nexec ${shellCommand(main)} "$@"\n`)
  chmodSync(join(bin, 'svec'), 0o755)
})

interface Block {
  readonly kind: string
  /** What stands between the fences. */
  readonly text: string
  readonly steps: readonly Step[]
}

/** Fenced blocks of commands: lines of a command begin with '$ ' and '> ', what follows is its answer. */
function blocksOf(text: string): Block[] {
  return Array.from(
    text.matchAll(/^```(console|console terminal|text)\n([^]*?)^```$/gm),
    ([, kind, block]) => ({
      kind,
      text: block,
      steps: stepsOf(block),
    }),
  )
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
