import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { programWords, shellCommand } from '../module-arguments.ts'
import { SVEC } from '../svec-program.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'
import { openTerminal, type Screen } from './terminal.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)

const terminal = openTerminal()
const withoutTerminal = terminal ? false : 'python3 with pty is not here to make a terminal'

function onTerminal(args: readonly string[]): Screen {
  assert.ok(terminal)
  return terminal([...programWords(SVEC), ...args])
}

/** Raw float32, one row for each number. */
function matrix(name: string, rows: number, dim: number): string {
  const numbers = new Float32Array(rows * dim)
  for (let i = 0; i < numbers.length; i++) numbers[i] = Math.sin(i * 1.7)
  writeFileSync(path(name), new Uint8Array(numbers.buffer))
  return path(name)
}

test(
  'on a terminal: a bar that is wiped, columns cut to the width, indented JSON',
  { skip: withoutTerminal },
  async () => {
    const file = path('tty.sqlite')
    await svecJson(['init', file])
    const source = matrix('tty.f32', 20_000, 16)
    const { code, screen } = onTerminal(['import', file, source, '--dim', '16', '--batch', '500'])
    assert.equal(code, 0, screen)
    assert.match(screen, /\rimporting \[#*-*\] +\d+% [\d,]+ documents/)
    assert.match(screen, /\r +\rimported 20,000 documents/)
    const long = 'word '.repeat(100)
    await svecJson(['import', file, '-', '-d', 'long'], {
      input: JSON.stringify({ id: 'a', embedding: [1, 2], content: long }),
    })
    const { screen: answer } = onTerminal(['query', file, '[1, 2]', '-d', 'long'])
    const lines = answer.trimEnd().split('\n')
    assert.match(lines[0], /^score +id +content$/)
    assert.match(lines[1], /^1\.0000 +a +word word/)
    assert.ok(lines.every(line => line.length <= 80))
    const { screen: json } = onTerminal(['query', file, '[1, 2]', '-d', 'long', '--json'])
    assert.match(json, /^\[\n {2}\{\n/)
  },
)

test('in a pipe: no bar, nothing cut, one line of JSON', async () => {
  const file = path('pipe.sqlite')
  await svecJson(['init', file])
  const source = matrix('pipe.f32', 20_000, 16)
  const { stdout, stderr } = await svec(['import', file, source, '--dim', '16', '--batch', '500'])
  assert.equal(stderr, '')
  assert.doesNotMatch(stdout, /\r|\[#/)
  const json = await svec(['stats', file, '--json'])
  assert.match(json.stdout, /^\{.*\}\n$/)
})

test('a reader that has read enough is no error', async () => {
  const file = path('head.sqlite')
  await svecJson(['init', file])
  await svecJson(['import', file, matrix('head.f32', 20_000, 16), '--dim', '16'])
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', `${shellCommand(SVEC)} export "${file}" | head -n 1`],
    { encoding: 'utf8' },
  )
  assert.equal(status, 0)
  assert.match(stdout, /^\{"dataset_id":"default"/)
  assert.equal(stderr, '')
})

test('Ctrl-C in an import: exit code 130, a whole file, and skip goes on from there', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const file = path(`${signal}.sqlite`)
    await svecJson(['init', file])
    const rows = 60_000
    const source = matrix('stop.f32', rows, 16)
    const args = ['import', file, source, '--dim', '16', '--batch', '500']
    const { code, stderr, stdout } = await svec(args, {
      started: child => {
        // Not before something is stored, and long before the end.
        const timer = setInterval(() => {
          if (statSync(file).size < 500_000) return
          clearInterval(timer)
          process.kill(child.pid!, signal)
        }, 2)
        child.on('close', () => clearInterval(timer))
      },
    })
    assert.equal(code, 130, stdout + stderr)
    assert.match(
      stderr,
      /^svec: interrupted\n {2}the earlier batches are in the file \([\d,]+ documents\); --on-conflict skip continues/,
    )
    const db = await open(file)
    assert.deepEqual(db.pragma('integrity_check', { simple: true }), 'ok')
    const stored = db.prepare('SELECT count(*) FROM _vec_docs').pluck().get() as number
    db.close()
    assert.ok(stderr.includes(`(${stored.toLocaleString('en-US')} documents)`), stderr)
    assert.ok(stored > 0 && stored < rows && stored % 500 === 0, `${stored} rows`)
    const again = await svecJson([...args, '--on-conflict', 'skip', '--optimize'])
    const { imported, skipped } = again as { imported: number; skipped: number }
    assert.deepEqual([imported, skipped], [rows - stored, stored])
    assert.equal((await svec(['check', file])).code, 0)
  }
})

test('Ctrl-C ends an import that waits for its input, or for an embed command', async () => {
  const file = path('wait.sqlite')
  await svecJson(['init', file])
  const marker = path('embedding')
  for (const args of [[], ['--embed-command', `touch '${marker}'; sleep 30; echo`]]) {
    const began = performance.now()
    const waiting = spawn(process.execPath, [SVEC, 'import', file, '-', ...args])
    const said: Buffer[] = []
    waiting.stderr.on('data', (part: Buffer) => said.push(part))
    waiting.stdin.on('error', () => undefined)
    if (args.length > 0) waiting.stdin.end('{"id": "a", "content": "x"}\n')
    const timer = setInterval(() => {
      const ready = args.length === 0 ? performance.now() - began > 3000 : existsSync(marker)
      if (!ready) return
      clearInterval(timer)
      process.kill(waiting.pid!, 'SIGINT')
    }, 20)
    const [code] = (await once(waiting, 'close')) as [number | null]
    assert.equal(code, 130, Buffer.concat(said).toString())
    assert.match(Buffer.concat(said).toString(), /^svec: interrupted\n {2}nothing was stored/)
    assert.ok(performance.now() - began < 25_000)
  }
})

test('Ctrl-C in an export leaves no half file', async () => {
  const file = path('half.sqlite')
  await svecJson(['init', file])
  await svecJson(['import', file, matrix('half.f32', 60_000, 16), '--dim', '16'])
  const output = path('half.jsonl')
  const part = (pid: number | undefined): number =>
    statSync(`${output}.part-${String(pid)}`, { throwIfNoEntry: false })?.size ?? 0
  const { code } = await svec(['export', file, output], {
    started: child => {
      const timer = setInterval(() => {
        if (part(child.pid) < 300_000) return
        clearInterval(timer)
        process.kill(child.pid!, 'SIGINT')
      }, 2)
      child.on('close', () => clearInterval(timer))
    },
  })
  assert.equal(code, 130)
  const left = readdirSync(folder).filter(name => name.startsWith('half.j'))
  assert.deepEqual(left, [])
})

test(
  'on a terminal: the ranks of a hybrid query, and the value of each group',
  { skip: withoutTerminal },
  async () => {
    const file = path('ranks.sqlite')
    await svecJson(['init', file, '--text', 'content'])
    await svecJson(['import', file, '-', '-d', 'd'], {
      input: [
        { id: 'a', embedding: [1, 0], content: 'fox', meta: { kind: 'x' } },
        { id: 'b', embedding: [0, 1], content: 'whale', meta: { kind: 'y' } },
      ]
        .map(document => JSON.stringify(document))
        .join('\n'),
    })
    const ask = ['query', file, '[1, 0]', '--text', 'fox', '--hybrid']
    assert.deepEqual(
      onTerminal(ask)
        .screen.trimEnd()
        .split(/\r?\n/)
        .map(line => line.split(/ {2,}/)),
      [
        ['score', 'by vector', 'by words', 'id', 'content'],
        ['0.0328', '1', '1', 'a', 'fox'],
        ['0.0161', '2', '-', 'b', 'whale'],
      ],
    )
    assert.match(
      onTerminal([...ask, '--group-by', 'meta.kind']).screen,
      /group +id +content\r?\n.* x +a +fox/,
    )
  },
)
