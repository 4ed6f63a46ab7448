import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('searching-process.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly found: { running: number; size: number; ids: readonly [string[], string[]] } | undefined
  readonly errors: string
}

/** Runs the program to its end. */
async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Promise<Ended> {
  const child = spawn(process.execPath, [...options, program, ...args], {
    env: { ...process.env, ...env },
    timeout: 120_000,
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  const found = output === '' ? undefined : (JSON.parse(output) as NonNullable<Ended['found']>)
  return { code, found, errors }
}

const TWO = { SQLITE_VEC_THREADS: '2' }

for (const [what, code] of [
  ['end', 0],
  ['exit', 7],
  ['throw', 1],
] as const) {
  test(`a process whose threads sleep ends by itself: ${what}`, async () => {
    const ended = await run([what], TWO)
    assert.deepEqual(
      [ended.code, ended.found?.running, ended.found?.size],
      [code, 1, 2],
      ended.errors,
    )
    assert.deepEqual(ended.found?.ids[0], ended.found?.ids[1])
  })
}

test('the environment variable and threadPool.size set the number of threads', async () => {
  const one = await run(['end'], { SQLITE_VEC_THREADS: '1' })
  assert.deepEqual([one.found?.running, one.found?.size], [0, 1], one.errors)
  const three = await run(['end', '3'], { SQLITE_VEC_THREADS: '1' })
  assert.deepEqual([three.found?.running, three.found?.size], [2, 3], three.errors)
})

test('a variable that is not a number of threads is refused', async () => {
  const { code, errors } = await run(['end'], { SQLITE_VEC_THREADS: 'many' })
  assert.equal(code, 1)
  assert.match(errors, /RangeError: SQLITE_VEC_THREADS is the string "many": expected an integer/)
})

test('in a worker of the application there are threads only where it asks for them', async () => {
  const none = await run(['worker'], TWO)
  assert.deepEqual([none.code, none.found?.running, none.found?.size], [0, 0, 1], none.errors)
  const asked = await run(['worker', '2'])
  assert.deepEqual([asked.code, asked.found?.running, asked.found?.size], [0, 1, 2], asked.errors)
})

test('options of the process do not reach its threads', async () => {
  const code = 'if(!process.getBuiltinModule("worker_threads").isMainThread)throw 1'
  const loader = `data:text/javascript,${encodeURIComponent(code)}`
  const env = { ...TWO, NODE_OPTIONS: `--import=${loader}` }
  const ended = await run(['end'], env, [`--import=${loader}`])
  assert.deepEqual([ended.code, ended.found?.running], [0, 1], ended.errors)
})

test('a process that may not start threads searches without', async () => {
  const allowed = ['--experimental-permission', '--allow-fs-read=*', '--allow-fs-write=*']
  const { code, errors, found } = await run(['end', '2', '200'], {}, [...allowed, '--allow-addons'])
  assert.deepEqual([code, found?.running, found?.size], [0, 0, 2], errors)
})
