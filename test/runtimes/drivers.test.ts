import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { tools } from './tools.ts'

/** The facts of the port, of attach() and of collections, which each runtime runs over the driver of its own, too. */
const FACTS = [
  'dist/test/database/database.test.js',
  'dist/test/attach/own-columns.test.js',
  'dist/test/attach/bad-tables.test.js',
  'dist/test/attach/collection.test.js',
]

const RUNTIMES = [
  {
    name: 'node:sqlite on Node 24',
    package: 'node-24',
    bin: 'node',
    args: ['--test', '--test-reporter=tap'],
    driver: 'node:sqlite',
  },
  { name: 'bun:sqlite', package: 'bun', bin: 'bun', args: ['test'], driver: 'bun:sqlite' },
  {
    name: 'node:sqlite of Deno',
    package: 'deno',
    bin: 'deno',
    args: ['test', '--allow-all', '--no-check'],
    driver: 'node:sqlite',
  },
]

describe('attach() in runtimes with a driver of their own', () => {
  for (const runtime of RUNTIMES) {
    for (const facts of FACTS) {
      test(`${runtime.name}: ${facts}`, () => {
        const folder = join(tools.installed(runtime.package), 'node_modules')
        const program =
          runtime.bin === 'node'
            ? join(folder, runtime.package, 'bin', 'node')
            : join(folder, '.bin', runtime.bin)
        const env = { ...process.env }
        delete env['NODE_TEST_CONTEXT']
        const { status, stdout, stderr } = spawnSync(program, [...runtime.args, facts], {
          encoding: 'utf8',
          env,
        })
        const output = stdout + stderr
        assert.equal(status, 0, output.slice(-4000))
        assert.ok(output.includes(runtime.driver), 'the driver of the runtime was not tested')
      })
    }
  }
})
