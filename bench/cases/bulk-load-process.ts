// What a program does that loads a matrix through the API: `node bulk-load-process.js <file> <matrix> <ids> <dim>`.

import { readFileSync } from 'node:fs'
import { insertMany, open, type InsertRow } from '../../src/entries/main.ts'

const [file, matrix, idsFile, dim] = process.argv.slice(2)
const numbers = readFileSync(matrix)
const ids = readFileSync(idsFile, 'utf8').trimEnd().split('\n')
const rowBytes = 4 * Number(dim)

function* rows(): Generator<InsertRow> {
  for (const [i, id] of ids.entries()) {
    yield ['default', id, numbers.subarray(i * rowBytes, (i + 1) * rowBytes)]
  }
}

const db = await open(file)
db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows())
db.close()
