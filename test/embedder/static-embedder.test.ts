import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { WordPieceTokenizer } from '../../src/embedder/word-piece.ts'
import { loadStaticEmbedder, StaticEmbedder } from '../../src/entries/embedder.ts'
import {
  DIM,
  golden,
  safetensors,
  tinyVectors,
  tinyWeight,
  tokenizerFile,
  writeTinyModel,
} from './tiny-model.ts'

const folder = mkdtempSync(join(tmpdir(), 'embedder-'))
after(() => rmSync(folder, { recursive: true }))
writeTinyModel(join(folder, 'tiny'))
const size = golden.vocabulary.length
const model = {
  name: 'm',
  tokenizer: tokenizerFile(0),
  tensors: safetensors({ embeddings: ['I8', [size, DIM], tinyVectors] }),
}

const tokenizer = new WordPieceTokenizer(tokenizerFile(0))

/** The mean in double precision. */
function meanOf(text: string, vectorOf: (token: number, j: number) => number): Float32Array {
  const tokens = tokenizer.tokens(text).filter(token => token !== tokenizer.unknown)
  const sums = Array.from({ length: DIM }, (_, j) =>
    tokens.reduce((sum, token) => sum + vectorOf(token, j), 0),
  )
  const length = Math.hypot(...sums)
  return Float32Array.from(sums, sum => (length === 0 ? 0 : sum / length))
}

function assertNear(found: Float32Array, wanted: Float32Array): void {
  assert.equal(found.length, wanted.length)
  for (const [j, value] of wanted.entries()) assert.ok(Math.abs(found[j] - value) < 1e-6)
}

describe('StaticEmbedder', () => {
  test('the vector of a text is the weighted mean of its tokens, of length 1', async () => {
    const embedder = await loadStaticEmbedder(join(folder, 'tiny'))
    assert.deepEqual([embedder.name, embedder.dim], ['tiny', DIM])
    const texts = golden.texts.slice(0, 400)
    const vectors = await embedder.embed(texts)
    for (const [i, text] of texts.entries())
      assertNear(
        vectors[i],
        meanOf(text, (token, j) => tinyWeight(token) * tinyVectors[token * DIM + j]),
      )
  })

  test('numbers of every width give the same vectors', () => {
    const text = golden.texts.at(-10)!
    const numbers = Float32Array.from(tinyVectors)
    const half = Uint16Array.from(numbers, value => {
      const exponent = Math.floor(Math.log2(Math.abs(value)))
      const fraction = (Math.abs(value) / 2 ** exponent - 1) * 1024
      return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction
    })
    const widths = [
      ['I8', tinyVectors],
      ['F16', half],
      ['F32', numbers],
      ['F64', Float64Array.from(tinyVectors)],
    ] as const
    const [first, ...others] = widths.map(([dtype, values]) => {
      const tensors = safetensors({ embeddings: [dtype, [size, DIM], values] })
      return new StaticEmbedder({ ...model, tensors }).embedText(text)
    })
    assertNear(
      first,
      meanOf(text, (token, j) => tinyVectors[token * DIM + j]),
    )
    for (const other of others) assert.deepEqual(other, first)
  })

  test('a text without a known token has the vector 0', () => {
    const embedder = new StaticEmbedder(model)
    for (const text of ['', ' \n', '\u{10ffff}'])
      assert.deepEqual(embedder.embedText(text), new Float32Array(DIM))
  })

  test('an aborted signal ends it', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await assert.rejects(new StaticEmbedder(model).embed(['a'], { signal }), /enough/)
  })

  test('files of another kind are refused, and the error says why', () => {
    const refused: [Partial<Record<keyof typeof model, unknown>>, object][] = [
      [{ tensors: new Uint8Array(4) }, { code: 'VEC_EMBEDDING', message: /its head is cut off/ }],
      [
        { tensors: Buffer.concat([model.tensors.subarray(0, 8), Buffer.alloc(9999)]) },
        { code: 'VEC_EMBEDDING', message: /its head is not JSON/ },
      ],
      [
        { tensors: model.tensors.subarray(0, -1) },
        { code: 'VEC_EMBEDDING', message: /tensor embeddings is cut off/ },
      ],
      [
        { tensors: safetensors({ other: ['I8', [size, DIM], tinyVectors] }) },
        { message: /lacks the matrix embeddings/ },
      ],
      [
        { tensors: safetensors({ embeddings: ['I8', [2, 3], new Int8Array(6)] }) },
        { message: /has 2 vectors for \d+ tokens/ },
      ],
      [{ tokenizer: '{' }, { message: 'tokenizer.json is not JSON' }],
      [{ tokenizer: 3 }, TypeError],
      [{ tensors: 'model.safetensors' }, TypeError],
      [{ name: '' }, TypeError],
      [{ name: undefined }, TypeError],
    ]
    for (const [part, error] of refused)
      assert.throws(() => new StaticEmbedder({ ...model, ...part } as never), error)
    assert.throws(() => new StaticEmbedder(model).embedText(7 as never), TypeError)
  })
})

describe('loadStaticEmbedder()', () => {
  test('a path, a file URL and an HTTP URL give the same model', async () => {
    const server = createServer((request, response) => {
      try {
        response.end(readFileSync(join(folder, request.url!)))
      } catch {
        response.writeHead(404).end()
      }
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    try {
      const [first, ...others] = await Promise.all(
        [
          join(folder, 'tiny'),
          pathToFileURL(join(folder, 'tiny/')),
          `http://127.0.0.1:${port}/tiny/`,
          new URL(`http://127.0.0.1:${port}/tiny`),
        ].map(async place => (await loadStaticEmbedder(place)).embedText('the end of a day')),
      )
      for (const other of others) assert.deepEqual(other, first)
      await assert.rejects(loadStaticEmbedder(`http://127.0.0.1:${port}/none`), {
        code: 'VEC_EMBEDDING',
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('a missing file is named; without config.json the folder names the model', async () => {
    const other = join(folder, 'my-model')
    writeTinyModel(other)
    rmSync(join(other, 'config.json'))
    assert.equal((await loadStaticEmbedder(other)).name, 'my-model')
    writeFileSync(join(other, 'config.json'), '{')
    assert.equal((await loadStaticEmbedder(other)).name, 'my-model')
    rmSync(join(other, 'tokenizer.json'))
    const missing = { code: 'VEC_EMBEDDING', message: /my-model\/tokenizer\.json is not there/ }
    await assert.rejects(loadStaticEmbedder(other), missing)
    await assert.rejects(loadStaticEmbedder(undefined as never), TypeError)
    await assert.rejects(loadStaticEmbedder(''), TypeError)
  })

  test('of several missing files the first one is named, also when its answer comes last', async () => {
    const server = createServer((request, response) => {
      const wait = request.url!.endsWith('.safetensors') ? 100 : 0
      setTimeout(() => response.writeHead(404).end(), wait)
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    try {
      await assert.rejects(loadStaticEmbedder(`http://127.0.0.1:${port}/none`), {
        code: 'VEC_EMBEDDING',
        message: /none\/model\.safetensors is not there/,
      })
    } finally {
      server.close()
    }
  })
})
