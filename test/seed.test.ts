import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { seedFor, seedOfTest } from './seed.ts'

const FAILING = fileURLToPath(new URL('seed-failure.js', import.meta.url))

/** What a run of tests that fail prints. */
function failures(settings: NodeJS.ProcessEnv): string {
  const env: NodeJS.ProcessEnv = { ...process.env, CI: '', VEC_SEED: '', ...settings }
  delete env['NODE_TEST_CONTEXT']
  const args = ['--test', '--test-reporter=spec', FAILING]
  const { status, stdout } = spawnSync(process.execPath, args, { env })
  assert.equal(status, 1)
  return stdout.toString()
}

function seedIn(output: string): string {
  const [, seed] = /fails with a comparison \(VEC_SEED=(\d+)\)/.exec(output) ?? []
  assert.ok(seed, output)
  return seed
}

test('a failure tells its seed in its title and its message, with the command that replays it', () => {
  const output = failures({})
  const seed = seedIn(output)
  assert.ok(
    output.includes(`replay it: VEC_SEED=${seed} ROUNDS=3 node scripts/test.mjs seed-failure`),
  )
  assert.ok(output.includes(`replay it: VEC_SEED=${seed} node scripts/test.mjs seed-failure`))
  // What was compared is still shown.
  assert.match(output, /AssertionError.*: Expected values to be strictly deep-equal/)
  assert.match(output, /\+\s+drawn: \d+/)
  assert.match(output, /no error at all/)
})

test('a given seed is that of the run', () => {
  assert.equal(seedIn(failures({ VEC_SEED: '77' })), '77')
  assert.equal(seedIn(failures({ VEC_SEED: '77', CI: 'true' })), '77')
})

test('seeds are new ones locally, and the same in every run of CI', () => {
  assert.notEqual(seedIn(failures({})), seedIn(failures({})))
  assert.equal(seedIn(failures({ CI: 'true' })), seedIn(failures({ CI: '1' })))
})

test('numbers cannot be drawn where a failure would not tell the seed', () => {
  assert.throws(() => seedOfTest('VEC_SEED'), /inside seededTest\('VEC_SEED'\) only/)
  assert.match(failures({}), /inside seededTest\('COVER_SEED'\) only/)
})

test('a seed that is no number is refused', () => {
  const before = process.env['VEC_SEED']
  process.env['VEC_SEED'] = '1e-3'
  try {
    assert.throws(() => seedFor('VEC_SEED'), RangeError)
  } finally {
    if (before === undefined) delete process.env['VEC_SEED']
    else process.env['VEC_SEED'] = before
  }
})

/** Chance that no seed decides, each with its reason. */
const CHANCE: Readonly<Record<string, string>> = {
  'test/seed.ts': 'draws the seeds',
  'test/seed.test.ts': 'names what it looks for',
  'test/servers/process.ts': 'a port that is free is found by trying',
}

test('no test draws chance from anywhere but its seed', () => {
  const drawing =
    /Math\.random|\brandomInt\b|\brandomBytes\b|getRandomValues|Date\.now\(\) *%|performance\.now\(\) *%|_SEED'?\]? *\?\?/
  const files = readdirSync('test', { recursive: true })
    .map(file => join('test', String(file)))
    .filter(file => file.endsWith('.ts'))
  assert.ok(files.length > 100)
  const found = files.filter(file => drawing.test(readFileSync(file, 'utf8')))
  assert.deepEqual(
    found.filter(file => !(file in CHANCE)),
    [],
  )
  assert.deepEqual(
    Object.keys(CHANCE).filter(file => !found.includes(file)),
    [],
  )
})

test('only programs of their own take a seed outside of a test', () => {
  const files = readdirSync('test', { recursive: true }).map(String)
  const taking = files.filter(
    file => file.endsWith('.ts') && /\bseedFor\b/.test(readFileSync(join('test', file), 'utf8')),
  )
  const others = taking.filter(file => !/^soak\/[a-z]+\.ts$|^seed(\.test)?\.ts$/.test(file))
  assert.deepEqual(others, [])
})
