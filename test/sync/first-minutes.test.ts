import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'

test(
  'the program of docs/sync.md prints what the page says',
  { skip: mariadbMissing ?? false },
  async () => {
    const page = readFileSync('docs/sync.md', 'utf8')
    const [, program] = page.match(/```js program\n([^]*?)```/)!
    const [, output] = page.match(/```text\n([^]*?)```/)!
    const directory = mkdtempSync(join(tmpdir(), 'vecsync-docs-'))
    const server = await startMariadb()
    try {
      symlinkSync(resolve('node_modules'), join(directory, 'node_modules'))
      writeFileSync(
        join(directory, 'program.mjs'),
        program
          .replace(`'sqlite-vec-ts'`, JSON.stringify(resolve('dist/src/main.js')))
          .replace(`'sqlite-vec-ts/vecsync'`, JSON.stringify(resolve('dist/src/vecsync.js'))),
      )
      const printed = execFileSync(process.execPath, ['program.mjs'], {
        cwd: directory,
        env: { ...process.env, UPSTREAM_URL: `mysql://root@127.0.0.1:${server.port}/test` },
        timeout: 60_000,
      })
      assert.equal(printed.toString(), output)
    } finally {
      await server.remove()
      rmSync(directory, { recursive: true })
    }
  },
)
