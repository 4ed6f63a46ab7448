import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VecError } from '../../src/entries/main.ts'
import { buildOriginalCover } from '../../src/viant/formats/build-original-cover.ts'
import { encodeCover } from '../../src/viant/formats/cover-format.ts'
import { decodeOriginal } from '../../src/viant/formats/decode-original.ts'
import type { OriginalIndex } from '../../src/viant/formats/original-index.ts'
import { goldenBytes, goldenJson } from './golden-set.ts'

interface Outcome {
  readonly result: string
  readonly text: string
}

const damaged = goldenJson('damaged.json') as {
  truncated: {
    file: string
    bytes: number
    first_n_bytes_kept: (Outcome & { reader: string; from: number; to: number })[]
  }[]
  foreign: { name: string; hex: string; cover: Outcome }[]
}

for (const { file, bytes: size, first_n_bytes_kept: outcomes } of damaged.truncated) {
  test(`every prefix of ${file} is refused and the whole is read`, () => {
    const bytes = goldenBytes(file)
    const seen = new Set<number>()
    for (const outcome of outcomes) {
      // The reader named cover is the one that tells the two formats apart, as decodeOriginal does.
      if (outcome.reader !== 'cover') continue
      for (let length = outcome.from; length <= outcome.to; length++) {
        seen.add(length)
        checkOutcome(bytes.subarray(0, length), outcome)
      }
    }
    assert.equal(seen.size, size + 1)
  })
}

for (const { name, hex, cover } of damaged.foreign) {
  test(`foreign input: ${name}`, () => {
    checkOutcome(Uint8Array.from(Buffer.from(hex, 'hex')), cover)
  })
}

function checkOutcome(bytes: Uint8Array, outcome: Outcome): void {
  let index: OriginalIndex
  try {
    index = decodeOriginal(bytes)
  } catch (error) {
    assert.ok(error instanceof VecError && error.code === 'VEC_STORAGE', String(error))
    assert.match(error.message, /^(brute-force list|cover tree): /)
    // The one thing refused here that the original loads.
    const ragged = /a vector of \d+ dimensions, but the root has \d+$/.test(error.message)
    assert.equal(outcome.result === 'ok', ragged, `${error.message}; the original: ${outcome.text}`)
    return
  }
  assert.equal(outcome.result, 'ok', outcome.text)
  const again = /saves again as (\d+) bytes/.exec(outcome.text)
  assert.ok(again, outcome.text)
  // Loaded into a cover index, a brute-force list is built into a tree with the default options.
  const tree =
    index.kind === 'cover' ? index : buildOriginalCover(index, { base: 1.3, distance: 'cosine' })
  assert.equal(encodeCover(tree).length, Number(again[1]))
}
