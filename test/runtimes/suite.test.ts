import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { tools } from './tools.ts'

const environment = { ...process.env }
delete environment['NODE_TEST_CONTEXT']

const folder = mkdtempSync(join(tmpdir(), 'runtime-suite-'))
after(() => rmSync(folder, { recursive: true, force: true }))

for (const [runtime, args] of [
  ['bun', []],
  ['deno', ['run', '--allow-all']],
] as const) {
  test(`the core of the test suite passes under ${runtime}`, t => {
    const suite = ['scripts/runtime-suite.mjs', runtime, '--core']
    const { status, stdout, stderr } = spawnSync(process.execPath, suite, {
      encoding: 'utf8',
      env: environment,
      maxBuffer: 2 ** 28,
    })
    assert.equal(status, 0, stdout + stderr)
    assert.match(stdout, / [1-9]\d{2,} tests passed, \d+ left out, 0 files failed/)
    t.diagnostic(stdout.trim())
  })

  test(`Ctrl-C ends svec with 130 under ${runtime}`, async () => {
    const program = join(tools.installed(runtime), 'node_modules', '.bin', runtime)
    const svec = [...args, 'dist/lib/svec.js']
    const file = join(folder, `${runtime}.sqlite`)
    const made = spawnSync(program, [...svec, 'init', file], { encoding: 'utf8', env: environment })
    assert.equal(made.status, 0, made.stderr)
    const waiting = spawn(program, [...svec, 'import', file, '-'], { env: environment })
    const parts: Buffer[] = []
    waiting.stderr.on('data', (part: Buffer) => parts.push(part))
    const ended = once(waiting, 'close')
    // A signal ends a program that does not listen yet; here it waits for its input.
    await sleep(4000)
    waiting.kill('SIGINT')
    const [code] = (await ended) as [number | null]
    const said = Buffer.concat(parts).toString()
    assert.equal(code, 130, said)
    assert.match(said, /^svec: interrupted\n {2}nothing was stored/)
  })
}
