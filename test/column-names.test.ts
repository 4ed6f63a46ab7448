import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sources } from './imports.ts'
import { proseOfSource } from './prose/prose-lines.ts'

/** What marks a string as SQL. */
const SQL =
  /\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM|ORDER BY|SET|CAST|typeof|json_\w+|coalesce|COLLATE|IS NULL|ON CONFLICT)\b|\blength\(/

/** Names that only the tables of documents have, and those that the tables of the journal have too. */
const OWN = /\b(content|meta|embedding|embedding_model|archived)\b/
const SHARED = /\b(dataset_id|scn)\b/

/** Where such a name is not a column of a table of documents, or must not follow a change of one, each with its reason. */
const ALLOWED: Readonly<Record<string, string>> = {
  'src/search/schema/columns.ts': 'the names themselves',
  'src/search/schema/table-schema.ts': 'roles, which are called like their columns',
  'src/search/schema/layout.ts': 'columns of vec_journal and vector_storage',
  'src/search/journal/': 'columns of vec_journal',
  'src/search/persistence/': 'columns of vector_storage',
  'src/search/diagnostics/check-storage.ts': 'columns of vector_storage',
  'src/search/diagnostics/check-orphans.ts': 'columns of vector_storage',
  'src/search/diagnostics/check.ts': 'columns of vector_storage',
  'src/search/diagnostics/check-rows.ts': 'topics of the check, a public list',
  'src/core/read-vector.ts': 'names of properties that callers wrap a vector in',
  'src/tables/vec/vec-cursor.ts': 'the role of a column',
  'src/tables/vec/vec-write.ts': 'the role of a column, and a message',
  'src/tables/vec/written-values.ts': 'a message with an example',
  'src/documents/document-fields.ts': 'roles of columns',
  'src/documents/collection/': 'names of fields of the documents of a collection',
  'src/frameworks/mastra/vector.ts': 'parts of a document that a collection reads',
  'src/mcp/budget.ts': 'parts of a document that a collection reads',
  'src/interchange/document.ts': 'roles of columns',
  'src/interchange/sources/record-mapper.ts': 'names of fields in files',
  'src/interchange/sources/row-labels.ts': 'a property of documents',
  'src/interchange/importer.ts': 'a reason in the report of an import',
  'src/interchange/unfindable.ts': 'a reason in the report of an import',
  'src/interchange/row-filter.ts': 'a message with an example',
  'src/replication/document.ts': 'the payload of the log: JSON that other programs read',
  'src/replication/install.ts': 'columns of the log, in the database of an upstream',
  'src/replication/replica.ts': 'columns of the state of a replica',
  'src/replication/replica-tables.ts': 'columns of the state of a replica',
  'src/replication/retention.ts': 'columns of the log',
  'src/replication/source.ts': 'columns of the log',
  'src/replication/writer.ts': 'columns of the log',
  'src/replication/upstreams/':
    'the database of an upstream: db/ has its DDL, which other programs use',
  'src/viant/': 'tables and logs of the original',
  'src/attach/': 'options of attach() and fields of its documents',
  'src/cli/': 'a program: it uses the public columns of a vec table as every user does',
  'src/ui/': 'a part of programs, like src/cli',
}

/** The strings of a file that are SQL, or nothing but a word, with their lines. */
function strings(file: string): { readonly line: number; readonly text: string }[] {
  const code = readFileSync(file, 'utf8')
  return proseOfSource(code)
    .filter(({ text }) => !/^\s*(\/\/|\/\*|\*)/.test(text))
    .map(({ line, text }) => ({ line, text: text.replaceAll(/^['"]|['"]$/g, '') }))
    .filter(({ text }) => /^\w+$/.test(text) || SQL.test(text))
}

const found = sources('src').flatMap(file =>
  strings(file)
    .filter(({ text }) => OWN.test(text) || SHARED.test(text))
    .map(({ line, text }) => ({ file, place: `${file}:${line}: ${text.trim()}` })),
)

test('only the schema names the columns of the tables of documents', () => {
  const allowed = Object.keys(ALLOWED)
  assert.deepEqual(
    found.filter(({ file }) => !allowed.some(path => file.startsWith(path))).map(f => f.place),
    [],
    'take the name from COLUMN (src/search/schema/columns.ts)',
  )
})

test('every allowance is needed', () => {
  assert.deepEqual(
    Object.keys(ALLOWED).filter(path => !found.some(({ file }) => file.startsWith(path))),
    [],
  )
})
