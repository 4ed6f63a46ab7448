import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { lstatSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { freshTable, path, write } = scratch()
const posix = process.platform === 'win32' ? 'a POSIX file system is needed' : false

async function filled(): Promise<string> {
  const file = await freshTable()
  await svecJson(['import', file, write('one.jsonl', '{"id":"a","embedding":[1,0]}')])
  return file
}

const LINE = '{"dataset_id":"default","id":"a","embedding":[1,0]}\n'

test('export writes through a link and leaves it a link', { skip: posix }, async () => {
  const file = await filled()
  writeFileSync(path('real.jsonl'), 'old')
  symlinkSync('real.jsonl', path('link.jsonl'))
  assert.match(
    (await svec(['export', file, path('link.jsonl')])).stderr,
    /already exists|exists already/,
  )
  assert.equal((await svec(['export', file, path('link.jsonl'), '--force'])).code, 0)
  assert.equal(readlinkSync(path('link.jsonl')), 'real.jsonl')
  assert.equal(readFileSync(path('real.jsonl'), 'utf8'), LINE)
})

test(
  'export writes into a pipe or a device, and never puts a file in its place',
  { skip: posix },
  async () => {
    const file = await filled()
    const pipe = path('pipe.jsonl')
    execFileSync('mkfifo', [pipe])
    for (const force of [[], ['--force']]) {
      const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'ignore'] })
      const [{ code, stderr }, read] = await Promise.all([
        svec(['export', file, pipe, ...force]),
        buffer(reader.stdout),
      ])
      assert.equal(code, 0, stderr)
      assert.equal(read.toString(), LINE)
      assert.ok(lstatSync(pipe).isFIFO())
    }
    // Through links, so that a mistake replaces a link of ours and not the device.
    symlinkSync('/dev/null', path('null'))
    assert.equal((await svec(['export', file, path('null'), '--force'])).code, 0)
    assert.ok(lstatSync('/dev/null').isCharacterDevice())
    if (process.platform === 'linux') {
      symlinkSync('/dev/full', path('full'))
      const full = await svec(['export', file, path('full'), '--force'])
      assert.deepEqual(
        [full.code, /full: the disk is full/.test(full.stderr)],
        [3, true],
        full.stderr,
      )
      assert.ok(lstatSync('/dev/full').isCharacterDevice())
    }
  },
)

test('export does not replace a socket', { skip: posix }, async () => {
  const file = await filled()
  const server = createServer().listen(path('socket'))
  try {
    const { code, stderr } = await svec(['export', file, path('socket'), '--force'])
    assert.equal(code, 3)
    assert.match(stderr, /\bsocket\b.*\bfile\b/)
    assert.ok(lstatSync(path('socket')).isSocket())
  } finally {
    server.close()
  }
})
