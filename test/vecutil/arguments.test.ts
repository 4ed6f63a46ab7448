import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as indexes from '../../src/entries/indexes.ts'
import { VecError, open } from '../../src/entries/main.ts'
import * as vector from '../../src/entries/vector.ts'
import * as vecutil from '../../src/entries/vecutil.ts'

const db = await open(':memory:')
db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
const plain = await open(':memory:', { register: false })
const embed = async (texts: readonly string[]) => texts.map(text => [text.length, 1])
const document = { id: 'a', content: 'text' }
const stored = { id: 'b', embedding: [1, 2] }
const options = { embed, model: 'm' }

/** What may stand in the place of an argument by mistake. */
const WRONG: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  'an empty text': '',
  'a text': 'wrong',
  zero: 0,
  'a number': 5.5,
  NaN: NaN,
  'a bigint': 1n,
  'a boolean': true,
  'an object': {},
  'an array': [],
  'a Promise': Promise.resolve(db),
  'a function': () => 5,
}

interface Argument {
  /** The name in messages. */
  readonly name: RegExp
  readonly right: unknown
  /** Of the wrong ones those that are right here. */
  readonly takes?: readonly (keyof typeof WRONG)[]
}

const arg = (name: string, right: unknown, ...takes: string[]): Argument => ({
  name: new RegExp(`\\b${name}\\b`),
  right,
  takes,
})
const ANY_TEXT = ['a text', 'an empty text']
const place = (is: string) => [
  arg('db', db),
  { ...arg(is, is === 'shadow' ? '_vec_docs' : 'docs'), name: /\bshadow\b|\btable\b/ },
  arg('dataset', 'd', 'a text'),
]
const ABSENT = 'undefined'
const opened = (): Argument => ({ name: /options/, right: options, takes: [ABSENT] })

const image = (create: typeof indexes.createExactIndex, kind: string): unknown => {
  const index = create({ metric: 'cosine', dim: 2 })
  index.stagingBuffer(1).set([1, 2])
  index.commit(1)
  return { ...structuredClone(index.save()), kind }
}
const exactImage = image(indexes.createExactIndex, 'exact')
const coverImage = image(indexes.createCoverIndex, 'cover')
const shape = { metric: 'cosine', dim: 2 }
const metric = arg('metric', 'cosine')
const anyVector = (name: string): Argument => ({ name: new RegExp(`\\b${name}\\b`), right: [1, 2] })

/** Every function of the three entry points: its arguments in order. */
const FUNCTIONS: Readonly<Record<string, [f: (...args: never[]) => unknown, ...Argument[]]>> = {
  chunkText: [
    vecutil.chunkText,
    arg('text', 'a', ...ANY_TEXT),
    arg('options', {}, ABSENT, 'an object'),
  ],
  embedEach: [vecutil.embedEach, arg('embed', embed, 'a function')],
  embedTexts: [
    vecutil.embedTexts,
    arg('embed', embed),
    arg('texts', ['a'], 'an array'),
    arg('options', {}, ABSENT, 'an object'),
  ],
  embedText: [
    vecutil.embedText,
    arg('embed', embed),
    arg('text', 'a', ...ANY_TEXT),
    arg('options', {}, ABSENT, 'an object'),
  ],
  matchText: [
    vecutil.matchText,
    ...place('table'),
    arg('embed', embed),
    arg('query', 'a', ...ANY_TEXT),
    arg('options', {}, ABSENT, 'an object'),
  ],
  upsertShadowDocument: [vecutil.upsertShadowDocument, ...place('shadow'), arg('document', stored)],
  'upsertShadowDocument with embed': [
    vecutil.upsertShadowDocument,
    ...place('shadow'),
    arg('document', document),
    opened(),
  ],
  upsertShadowDocuments: [
    vecutil.upsertShadowDocuments,
    ...place('shadow'),
    arg('documents', [stored], 'an array'),
  ],
  'upsertShadowDocuments with embed': [
    vecutil.upsertShadowDocuments,
    ...place('shadow'),
    arg('documents', [document], 'an array'),
    opened(),
  ],
  upsertVirtualTableDocument: [
    vecutil.upsertVirtualTableDocument,
    ...place('table'),
    arg('document', stored),
  ],
  'upsertVirtualTableDocument with embed': [
    vecutil.upsertVirtualTableDocument,
    ...place('table'),
    arg('document', document),
    opened(),
  ],
  deleteShadowDocuments: [
    vecutil.deleteShadowDocuments,
    ...place('shadow'),
    arg('ids', ['a'], 'an array'),
  ],
  Collection: [
    (...args: ConstructorParameters<typeof vecutil.Collection>) => new vecutil.Collection(...args),
    arg('db', db),
    arg('options', { table: 'docs', dataset: 'd', embed, model: 'm' }),
  ],
  shadowTableName: [vecutil.shadowTableName, arg('table', 'docs', ...ANY_TEXT)],

  encodeEmbedding: [vector.encodeEmbedding, anyVector('embedding')],
  decodeEmbedding: [vector.decodeEmbedding, { name: /embedding/, right: new Uint8Array(4) }],
  embeddingToJson: [vector.embeddingToJson, anyVector('embedding')],
  parseVectorText: [vector.parseVectorText, { name: /\btext\b|MATCH/, right: '[1]' }],
  cosine: [vector.cosine, anyVector('a'), anyVector('b')],
  dot: [vector.dot, anyVector('a'), anyVector('b')],
  euclidean: [vector.euclidean, anyVector('a'), anyVector('b')],
  manhattan: [vector.manhattan, anyVector('a'), anyVector('b')],
  magnitude: [vector.magnitude, anyVector('a')],
  registerVectorFunctions: [vector.registerVectorFunctions, arg('db', plain)],
  Store: [(given: vector.StoreConnection) => new vector.Store(given), arg('db', plain)],
  'Store.addDocuments': [
    (given: vector.Document[]) => new vector.Store(plain).addDocuments(given),
    arg('documents', [], 'an array'),
  ],
  'Store.similaritySearch': [
    (query: number[], k: number) => new vector.Store(plain).similaritySearch(query, k),
    anyVector('queryEmbedding'),
    { name: /\bk\b|number of documents/, right: 1, takes: ['zero'] },
  ],
  'Store.remove': [(id: string) => new vector.Store(plain).remove(id), arg('id', 'x', 'a text')],

  createExactIndex: [indexes.createExactIndex, { name: /options|metric/, right: shape }],
  createCoverIndex: [indexes.createCoverIndex, { name: /options|metric/, right: shape }],
  createAutoIndex: [indexes.createAutoIndex, { name: /options|metric/, right: shape }],
  restoreExactIndex: [
    indexes.restoreExactIndex,
    arg('image', exactImage),
    arg('options', {}, ABSENT, 'an object'),
  ],
  restoreCoverIndex: [indexes.restoreCoverIndex, arg('image', coverImage)],
  restoreAutoIndex: [
    indexes.restoreAutoIndex,
    arg('image', exactImage),
    arg('options', {}, ABSENT, 'an object'),
  ],
  exactSimilarity: [indexes.exactSimilarity, metric, anyVector('query'), anyVector('row')],
  similarityToScore: [
    indexes.similarityToScore,
    metric,
    arg('similarity', 0.5, 'zero', 'a number', 'NaN'),
  ],
  similarityToDistance: [
    indexes.similarityToDistance,
    metric,
    arg('similarity', 0.5, 'zero', 'a number', 'NaN'),
  ],
}

/** Exported functions that take nothing. */
const WITHOUT = new Set(['canRunWasmKernels'])

function isRefusal(error: unknown, name: RegExp): true {
  const known =
    error instanceof TypeError || error instanceof RangeError || error instanceof VecError
  assert.ok(known, String(error))
  assert.match(error.message, name)
  // Not an accident of the code inside.
  assert.doesNotMatch(
    error.message,
    /is not a function|Cannot (read|destructure)|undefined \(reading|not iterable/,
  )
  return true
}

for (const [name, [f, ...parameters]] of Object.entries(FUNCTIONS)) {
  describe(name, () => {
    const right = parameters.map(parameter => parameter.right) as never[]

    test('takes right arguments', async () => {
      await f(...right)
    })

    for (const [at, parameter] of parameters.entries()) {
      for (const [what, value] of Object.entries(WRONG)) {
        if (parameter.takes?.includes(what)) continue
        test(`refuses ${what} as argument ${at}, by name`, async () => {
          const args = right.with(at, value as never)
          await assert.rejects(
            async () => {
              await f(...args)
            },
            error => isRefusal(error, parameter.name),
          )
        })
      }
    }
  })
}

test('every function and class of the entry points stands in the table', () => {
  const known = new Set(Object.keys(FUNCTIONS))
  for (const entry of [vecutil, vector, indexes]) {
    for (const [name, value] of Object.entries(entry)) {
      if (typeof value === 'function' && !WITHOUT.has(name)) assert.ok(known.has(name), name)
    }
  }
})

const count = () => db.prepare('SELECT count(*) FROM _vec_docs').pluck().get()

test('the fields of a document are checked by name, and nothing is written', async () => {
  const before = count()
  const bad: [field: string, value: unknown, told: RegExp][] = [
    ['id', undefined, /the id of documents\[1\] is undefined/],
    ['id', 7, /the id of documents\[1\] is 7/],
    ['id', '', /the id of documents\[1\] is ''/],
    ['content', 5, /the content of document 'y' is 5: expected a string or null/],
    ['content', Promise.resolve('x'), /the content of document 'y' is a Promise.*`await`/],
    [
      'meta',
      { n: 1 },
      /the meta of document 'y' is an object: expected a string \(use JSON\.stringify\(\)\)/,
    ],
    ['model', 5, /the model of document 'y' is 5/],
    ['embedding', 'x', /the embedding of document 'y' is the string "x"/],
  ]
  for (const [field, value, told] of bad) {
    const documents = [
      { id: 'x', content: 'x' },
      { id: 'y', content: 'y', [field]: value },
    ] as vecutil.TextDocument[]
    assert.throws(() => vecutil.upsertShadowDocuments(db, '_vec_docs', 'd', documents), told)
    if (field === 'model') continue
    const withEmbed = vecutil.upsertShadowDocuments(db, '_vec_docs', 'd', documents, options)
    await assert.rejects(withEmbed, field === 'embedding' ? /document 'y' has an embedding/ : told)
  }
  assert.throws(
    () => vecutil.deleteShadowDocuments(db, '_vec_docs', 'd', ['a', 5 as never]),
    /ids\[1\] is 5/,
  )
  assert.equal(count(), before)
})

const write = (change: object) =>
  vecutil.upsertShadowDocument(db, '_vec_docs', 'd', document, { ...options, ...change })
const match = (change: object) => vecutil.matchText(db, 'docs', 'd', embed, 'x', change)

test('the members of options are checked by name', async () => {
  await assert.rejects(write({ embed: 'x' }), /options\.embed is the string "x"/)
  await assert.rejects(write({ model: '' }), /options\.model is the string ""/)
  await assert.rejects(write({ model: null }), /options\.model is null/)
  await assert.rejects(
    write({ signal: {} }),
    /options\.signal is an object: expected an AbortSignal/,
  )
  await assert.rejects(
    write({ signal: new AbortController() as never }),
    /options\.signal is an AbortController/,
  )
  await assert.rejects(match({ limit: '1' }), /options\.limit is the string "1"/)
  await assert.rejects(match({ limit: 1.5 }), /options\.limit is 1\.5: expected .*integer/)
  await assert.rejects(match({ model: 5 }), /options\.model is 5/)
})

test('the methods of a collection check what they are given', async () => {
  const texts = new vecutil.Collection(db, { table: 'docs', dataset: 'd', embed, model: 'm' })
  for (const value of [undefined, null, 'x', {}, Promise.resolve([document])]) {
    await assert.rejects(texts.upsertDocumentsText(value as never), /documents is/)
    assert.throws(() => texts.deleteDocuments(value as never), /ids is/)
  }
  for (const value of [undefined, null, 5, ['x']]) {
    await assert.rejects(texts.queryText(value as never, 1), /query is/)
  }
  for (const value of [undefined, null, '1', -1, 0.5, NaN]) {
    await assert.rejects(texts.queryText('x', value as never), /\bk is/)
  }
  await assert.rejects(texts.queryText('x', 1, null as never), /options is null/)
  await assert.rejects(texts.upsertDocumentsText([], 5 as never), /options is 5/)
})
