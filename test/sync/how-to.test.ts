import assert from 'node:assert/strict'
import { test } from 'node:test'
import { howTos, runHowTo } from '../how-to.ts'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'
import { postgresMissing, startPostgres } from '../servers/postgres.ts'

const pages = howTos.filter(({ servers }) => servers.size > 0)

test('there is a page that needs a server', () => assert.ok(pages.length > 0))

for (const page of pages) {
  test(
    `${page.path} prints what it says`,
    { skip: mariadbMissing ?? postgresMissing ?? false },
    async () => {
      const mariadb = await startMariadb()
      const postgres = await startPostgres()
      try {
        runHowTo(page, {
          mariadb: `mysql://root@127.0.0.1:${mariadb.port}/test`,
          postgres: `postgres://test@127.0.0.1:${postgres.port}/postgres`,
        })
      } finally {
        await Promise.all([mariadb.remove(), postgres.remove()])
      }
    },
  )
}
