import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ExampleFolder } from '../example-folder.ts'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'

test(
  'the program of docs/sync.md prints what the page says',
  { skip: mariadbMissing ?? false },
  async () => {
    const page = readFileSync('docs/sync.md', 'utf8')
    const [, program] = page.match(/```js program\n([^]*?)```/)!
    const [, output] = page.match(/```text\n([^]*?)```/)!
    using example = new ExampleFolder()
    const server = await startMariadb()
    try {
      process.env['UPSTREAM_URL'] = `mysql://root@127.0.0.1:${server.port}/test`
      assert.equal(example.run(program), output)
    } finally {
      await server.remove()
    }
  },
)
