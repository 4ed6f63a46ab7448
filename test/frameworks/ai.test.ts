import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { generateText, isStepCount } from 'ai'
import { MockEmbeddingModelV3, MockEmbeddingModelV4, MockLanguageModelV4 } from 'ai/test'
import { embedder, searchTool } from '../../src/entries/ai.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { Collection, type EmbedFunc } from '../../src/entries/vecutil.ts'
import { AsyncCollection, connect } from '../../src/entries/worker.ts'

const letters = (text: string): number[] =>
  Array.from('abcdefghijklmnopqrstuvwxyz', letter => text.split(letter).length)

/** An embedding model that takes two texts at a time. */
const embeddingModel = (): MockEmbeddingModelV4 =>
  new MockEmbeddingModelV4({
    modelId: 'letters',
    maxEmbeddingsPerCall: 2,
    supportsParallelCalls: true,
    doEmbed: async ({ values }) => ({ embeddings: values.map(letters), warnings: [] }),
  })

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}

/** A language model that calls the tool `search` with these inputs, one a step, and then says the last result. */
const callingModel = (...inputs: readonly unknown[]): MockLanguageModelV4 => {
  let step = 0
  return new MockLanguageModelV4({
    doGenerate: async ({ prompt }) => {
      const { content } = prompt.at(-1)!
      const input = inputs[step++]
      return input === undefined
        ? {
            content: [{ type: 'text', text: JSON.stringify(content) }],
            finishReason: { unified: 'stop', raw: 'stop' },
            usage,
            warnings: [],
          }
        : {
            content: [
              {
                type: 'tool-call',
                toolCallId: `c${step}`,
                toolName: 'search',
                input: JSON.stringify(input),
              },
            ],
            finishReason: { unified: 'tool-calls', raw: 'tool' },
            usage,
            warnings: [],
          }
    },
  })
}

const DOCUMENTS = [
  { id: 'bread', content: 'bake bread at high heat', meta: { tenant: 'a', year: 2021 } },
  { id: 'soda', content: 'soda bread is quick', meta: { tenant: 'a', year: 2022 } },
  { id: 'secret', content: 'bread of another tenant', meta: { tenant: 'b', year: 2023 } },
]

interface Meta {
  readonly tenant: string
  readonly year: number
}

const lengths: EmbedFunc = async texts => texts.map(text => [text.length, 1])

describe('sqlite-vec-ts/ai', () => {
  let db: Connection
  let notes: Collection<Meta>

  before(async () => {
    db = await open(':memory:')
    db.exec('CREATE VIRTUAL TABLE notes USING vec(doc_id, text=content)')
    const embed = embedder(embeddingModel())
    notes = new Collection<Meta>(db, { table: 'notes', dataset: 'all', embed, model: 'letters' })
    await notes.upsert(DOCUMENTS)
  })
  after(() => db.close())

  test('embedder() embeds in the order of the texts, in requests of the size of the model', async () => {
    for (const model of [embeddingModel(), modelOfVersion3()]) {
      const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee']
      const vectors = await embedder(model)(texts, {})
      assert.deepEqual(vectors, texts.map(letters))
      assert.deepEqual(
        model.doEmbedCalls.map(({ values }) => values.length),
        [2, 2, 1],
      )
    }
  })

  test('embedder() passes the signal, retries, headers and options of the provider', async () => {
    const model = embeddingModel()
    const stop = new AbortController()
    const headers = { 'x-one': '1' }
    const providerOptions = { some: { dimensions: 5 } }
    await embedder(model, { headers, providerOptions })(['a'], { signal: stop.signal })
    const [call] = model.doEmbedCalls
    assert.equal(call.headers?.['x-one'], '1')
    assert.deepEqual(call.providerOptions, providerOptions)
    stop.abort(new Error('enough'))
    assert.equal(call.abortSignal?.aborted, true)
    let failures = 0
    const failing = new MockEmbeddingModelV4({
      doEmbed: async () => {
        failures++
        throw new Error('down')
      },
    })
    await assert.rejects(embedder(failing, { maxRetries: 0 })(['a'], {}), /down/)
    assert.equal(failures, 1)
  })

  test('a tool searches an AsyncCollection of connect()', async () => {
    await using client = await connect(':memory:')
    const options = { table: 'notes', dataset: 'all', declaration: 'doc_id', model: 'letters' }
    const remote = new AsyncCollection(client, { ...options, embed: lengths })
    await remote.upsert([
      { id: 'short', content: 'bread', meta: { lang: 'en' } },
      { id: 'long', content: 'a loaf of bread', meta: { lang: 'en' } },
    ])
    const tool = searchTool(remote, { k: 1, filter: { lang: 'en' } })
    const { documents } = await tool.execute({ query: 'a pile of bread' }, {})
    assert.deepEqual(documents, [
      { id: 'long', score: 1, content: 'a loaf of bread', meta: { lang: 'en' } },
    ])
  })

  test('a collection embeds through it, and only what has changed', async () => {
    const model = embeddingModel()
    const docs = new Collection(db, {
      table: 'notes',
      dataset: 'other',
      embed: embedder(model),
      model: model.modelId,
    })
    const documents = ['x', 'y', 'z'].map(id => ({ id, content: id }))
    assert.equal(await docs.upsert(documents), 3)
    assert.equal(await docs.upsert(documents), 0)
    assert.equal(model.doEmbedCalls.length, 2)
    const { hits } = await docs.query({ text: 'y', k: 1 })
    assert.equal(hits[0].id, 'y')
  })

  test('a model calls the tool and receives documents', async () => {
    const model = callingModel({ query: 'quick soda', k: 1 })
    const tools = { search: searchTool(notes, { description: 'notes about bread' }) }
    const { steps, text } = await generateText({
      model,
      tools,
      stopWhen: isStepCount(3),
      prompt: 'which bread is quick?',
    })
    assert.equal(steps.length, 2)
    const [result] = steps[0].toolResults
    assert.deepEqual(result.output, {
      documents: [
        {
          id: 'soda',
          score: (result.output as { documents: { score: number }[] }).documents[0].score,
          content: 'soda bread is quick',
          meta: { tenant: 'a', year: 2022 },
        },
      ],
    })
    assert.match(text, /soda bread is quick/)
    const [{ tools: sent }] = model.doGenerateCalls
    const [described] = sent!
    assert.ok(described.type === 'function')
    assert.equal(described.description, 'notes about bread')
    assert.deepEqual(described.inputSchema.required, ['query'])
  })

  test('a wrong input, or a query that fails, is the error of the call, with what to do', async () => {
    const wrong: [options: Parameters<typeof searchTool>[1], input: unknown, message: RegExp][] = [
      [{}, { query: 3 }, /input.query is 3: expected a non-empty string/],
      [{}, {}, /input.query is undefined/],
      [{}, { query: 'x', k: 21 }, /expected an integer from 1 to 20/],
      [{}, { query: 'x', filter: {} }, /unknown option of search 'filter'/],
      [{ modelFilters: true }, { query: 'x', filter: { a: { $near: 1 } } }, /\$near/],
    ]
    for (const [options, input, message] of wrong) {
      const { steps } = await generateText({
        model: callingModel(input),
        tools: { search: searchTool(notes as Collection, options) },
        stopWhen: isStepCount(2),
        prompt: 'x',
      })
      const error = steps[0].content.find(({ type }) => type === 'tool-error')
      assert.ok(error?.type === 'tool-error', JSON.stringify(steps[0].content))
      assert.match(String(error.error), message)
    }
  })

  test('the filter of the options holds, whatever the model asks for', async () => {
    const tool = searchTool(notes, { filter: { tenant: 'a' }, modelFilters: true })
    const ids = async (filter?: Record<string, unknown>): Promise<string[]> => {
      const input = { query: 'bread', k: 20, ...(filter && { filter }) }
      const { documents } = await tool.execute(input, {})
      return documents.map(({ id }) => id).toSorted()
    }
    assert.deepEqual(await ids(), ['bread', 'soda'])
    assert.deepEqual(await ids({ year: { $gte: 2022 } }), ['soda'])
    assert.deepEqual(await ids({ tenant: 'b' }), [])
    assert.deepEqual(await ids({ $or: [{ tenant: 'b' }, { year: { $gt: 0 } }] }), ['bread', 'soda'])
    assert.deepEqual(await ids({ $not: { tenant: 'a' } }), [])
  })

  test('modes, groups, scores and long contents', async () => {
    const words = searchTool(notes, { mode: 'text' })
    const { documents } = await words.execute({ query: 'quick' }, {})
    assert.deepEqual(
      documents.map(({ id }) => id),
      ['soda'],
    )
    const groups = searchTool(notes, { mode: 'hybrid', groupBy: 'meta.tenant' })
    assert.equal((await groups.execute({ query: 'bread' }, {})).documents.length, 2)
    const strict = searchTool(notes, { minScore: 0.999 })
    const near = await strict.execute({ query: 'soda bread is quick' }, {})
    assert.deepEqual(
      near.documents.map(({ id }) => id),
      ['soda'],
    )
    const short = searchTool(
      {
        query: async () => ({ hits: [{ id: 'a', score: 1, content: 'ab\u{1f600}', meta: null }] }),
      },
      { maxLength: 3 },
    )
    assert.deepEqual((await short.execute({ query: 'x' }, {})).documents, [
      { id: 'a', score: 1, content: 'ab', meta: null, truncated: true },
    ])
  })

  test('metadata that JSON cannot hold, or that is long, does not fail the call', async () => {
    const insert = db.prepare(
      "INSERT INTO _vec_notes(dataset_id, id, content, meta) VALUES ('odd', ?, 'odd one', ?)",
    )
    insert.run('large number', '{"n": 12345678901234567890, "m": 1}')
    insert.run('long', JSON.stringify({ long: 'x'.repeat(5000) }))
    insert.run('deep', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)
    insert.run('text', 'no JSON')
    const odd = new Collection(db, { table: 'notes', dataset: 'odd' })
    const { steps } = await generateText({
      model: callingModel({ query: 'odd one' }),
      tools: { search: searchTool(odd, { mode: 'text' }) },
      stopWhen: isStepCount(2),
      prompt: 'x',
    })
    const [{ output }] = steps[0].toolResults
    const { documents } = output as { documents: { id: string; meta: unknown; truncated?: true }[] }
    assert.deepEqual(
      new Set(documents.map(({ id, meta, truncated }) => ({ id, meta, truncated }))),
      new Set([
        { id: 'deep', meta: null, truncated: true },
        { id: 'large number', meta: { n: '12345678901234567890', m: 1 }, truncated: undefined },
        { id: 'long', meta: null, truncated: true },
        { id: 'text', meta: 'no JSON', truncated: undefined },
      ]),
    )
    JSON.stringify(output)
  })

  test('the signal of the call stops the embedding', async () => {
    const stop = new AbortController()
    const pending = searchTool(
      new Collection(db, {
        table: 'notes',
        dataset: 'all',
        model: 'letters',
        embed: async (_texts, { signal }) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason as Error))
          }),
      }),
    ).execute({ query: 'x' }, { abortSignal: stop.signal })
    stop.abort(new Error('enough'))
    await assert.rejects(pending, /enough/)
  })

  test('refuses options that are wrong, with what it expects', () => {
    for (const model of [undefined, {}, '', async () => [[1]]])
      assert.throws(() => embedder(model as never), /expected an embedding model of the AI SDK/)
    assert.throws(() => embedder('a/b', { maxRetries: -1 }), /integer from 0/)
    assert.throws(() => embedder('a/b', { retries: 1 } as never), /did you mean 'maxRetries'/)
    assert.throws(
      () => searchTool(db as never),
      /expected a Collection, or an object with its query/,
    )
    assert.throws(() => searchTool(notes, { k: 21, maxK: 20 }), /expected at most maxK/)
    assert.throws(
      () => searchTool(notes, { mode: 'words' as never }),
      /Known: vector, text, hybrid/,
    )
  })
})

/** Models of older versions of the SDK work, too. */
function modelOfVersion3(): MockEmbeddingModelV3 {
  return new MockEmbeddingModelV3({
    modelId: 'letters',
    maxEmbeddingsPerCall: 2,
    doEmbed: async ({ values }) => ({ embeddings: values.map(letters), warnings: [] }),
  })
}
