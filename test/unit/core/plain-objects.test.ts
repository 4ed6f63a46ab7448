import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { attach } from '../../../src/entries/attach.ts'
import {
  createAutoIndex,
  createCoverIndex,
  createExactIndex,
  restoreExactIndex,
} from '../../../src/entries/indexes.ts'
import { exportDocuments, importDocuments } from '../../../src/entries/interchange.ts'
import { insertMany, open, type Connection } from '../../../src/entries/main.ts'
import { inspect, maintain } from '../../../src/entries/vecadmin.ts'
import { chunkText, Collection } from '../../../src/entries/vecutil.ts'

class Options {
  readonly k = 1
}

/** None of them is an object literal, although some count as objects without members. */
const GIVEN = [new Map([['k', 1]]), new Set(['k']), new Options(), new Date(0), /k/, [], null, 'k']

let db: Connection
let docs: Collection
before(async () => {
  db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER)')
  docs = new Collection(db, { table: 'docs', dataset: 'd', model: 'm', embed: () => [] } as never)
})
after(() => {
  db.close()
})

type Call = (given: never) => unknown

/** Every public function that takes an object with named members. */
const CALLS: Readonly<Record<string, Call>> = {
  'open()': given => open(':memory:', given),
  'insertMany()': given => insertMany(db, '_vec_docs', ['dataset_id', 'id'], [], given),
  'inspect()': given => inspect(db, given),
  'maintain()': given => maintain(db, 'docs', 'check', given),
  'importDocuments()': given => importDocuments(db, given),
  'exportDocuments()': given => exportDocuments(db, given),
  'chunkText()': given => chunkText('text', given),
  'createExactIndex()': given => createExactIndex(given),
  'createCoverIndex()': given => createCoverIndex(given),
  'createAutoIndex()': given => createAutoIndex(given),
  'restoreExactIndex()': given =>
    restoreExactIndex(createExactIndex({ metric: 'dot', dim: 2 }).save(), given),
  'search() of an index': given => createExactIndex({ metric: 'dot', dim: 2 }).search(given),
  'attach()': given => attach(db, given),
  'new Collection()': given => new Collection(db, given),
  'upsert(), options': given => docs.upsert([], given),
  'update(), options': given => docs.update([], given),
  'get(), options': given => docs.get('a', given),
  'list()': given => docs.list(given),
  'list({ filter })': given => docs.list({ filter: given }),
  'count()': given => docs.count(given),
  'count({ filter })': given => docs.count({ filter: given }),
  'facets()': given => docs.facets('year', given),
  'facets({ filter })': given => docs.facets('year', { filter: given }),
  'distinct()': given => docs.distinct('year', given),
  'delete()': given => docs.delete(given),
  'delete({ filter })': given => docs.delete({ filter: given }),
  'query()': given => docs.query(given),
  'querySync()': given => docs.querySync(given),
  'querySync({ filter })': given => docs.querySync({ vector: [1, 0], filter: given }),
  'querySync({ mmr })': given => docs.querySync({ vector: [1, 0], mmr: given }),
  'querySync({ hybrid })': given => docs.querySync({ vector: [1, 0], hybrid: given }),
  'migrate()': given => docs.migrate(given),
  'rollback()': given => docs.rollback(given),
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`a Map, a Set and other objects that are not plain are refused: ${name}`, async () => {
    for (const given of GIVEN) {
      const what =
        given === null || typeof given === 'string' ? String(given) : given.constructor.name
      await assert.rejects(
        async () => call(given as never),
        (error: Error) => {
          assert.match(error.message, /expected|must be|takes/, what)
          return true
        },
        `${name} takes ${what}`,
      )
    }
  })
}
