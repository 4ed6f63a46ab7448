import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactSimilarity, magnitude, similarityToScore } from '../../src/core/similarity.ts'
import { decodeOriginal } from '../../src/viant/formats/decode-original.ts'
import { originalMagnitude, originalMeasure } from '../../src/viant/formats/original-distance.ts'
import type { OriginalBrute, OriginalCover } from '../../src/viant/formats/original-index.ts'
import { floats, goldenBytes, goldenSets, idHex, isAmd64, score } from './golden-set.ts'
import type { GoldenAnswer, GoldenBlob } from './golden-set.ts'

for (const set of goldenSets()) {
  const queries = new Map(set.queries.map(({ name, hex }) => [name, floats(hex)]))
  for (const blob of set.blobs) {
    test(`the rows of ${blob.file} give the recorded answers`, () => {
      const index = decodeOriginal(goldenBytes(blob.file))
      assert.ok(blob.answers.length > 0)
      for (const answer of blob.answers) {
        const query = queries.get(answer.query)
        assert.ok(query, answer.query)
        if (answer.error !== null) assert.notEqual(query.length, index.dim, answer.error)
        else if (index.kind === 'brute') checkBrute(index, query, answer)
        else checkCover(index, blob, query, answer)
      }
    })
  }
}

/** Brute force is exact: scores equal to the bit, ties as sets. */
function checkBrute(index: OriginalBrute, query: Float32Array, answer: GoldenAnswer): void {
  const { dim, ids, vectors } = index
  const rows: { id: string; score: number }[] = []
  for (let i = 0; i < ids.count; i++) {
    const row = vectors.subarray(i * dim, (i + 1) * dim)
    const similarity = dim === 0 ? NaN : exactSimilarity('cosine', query, row)
    if (!Number.isNaN(similarity)) rows.push({ id: hexOf(index, i), score: similarity })
  }
  rows.sort((a, b) => b.score - a.score)
  const wanted = answer.k === 0 ? rows.length : Math.min(answer.k, rows.length)
  assert.deepEqual(
    answer.scores.map(score),
    rows.slice(0, wanted).map(row => row.score),
  )
  checkIds(answer, rows)
}

/** Every returned id has the score it came with, so equal scores may change places and the last tie be cut anywhere. */
function checkIds(answer: GoldenAnswer, rows: readonly { id: string; score: number }[]): void {
  const left = new Map<string, number>()
  for (const row of rows) {
    const name = nameOf(row.id, row.score)
    left.set(name, (left.get(name) ?? 0) + 1)
  }
  for (const [i, id] of answer.ids.entries()) {
    const name = nameOf(idHex(id), score(answer.scores[i]))
    const count = left.get(name) ?? 0
    assert.ok(count > 0, `${answer.query} k ${answer.k}: ${name} is not among the rows`)
    left.set(name, count - 1)
  }
}

function nameOf(id: string, value: number): string {
  return `${id} ${value === 0 ? 0 : value}`
}

/** The original's cover search loses neighbours: every score is right, and the exact search finds all that it found. */
function checkCover(
  index: OriginalCover,
  blob: GoldenBlob,
  query: Float32Array,
  answer: GoldenAnswer,
): void {
  const { dim, ids, vectors, magnitudes, distance } = index
  const length = originalMagnitude(query, 0, query.length)
  if (dim === 0 || length === 0) {
    assert.deepEqual(answer.ids, [])
    return
  }
  assert.equal(query.length, dim)
  assert.equal(answer.ids.length, answer.k === 0 ? ids.count : Math.min(answer.k, ids.count))

  const measure = originalMeasure(distance)
  const rows: { id: string; score: number; exact: number }[] = []
  for (let i = 0; i < ids.count; i++) {
    const far = measure(query, 0, length, vectors, i * dim, magnitudes[i], dim)
    const exact = exactScore(distance, query, vectors.subarray(i * dim, (i + 1) * dim))
    rows.push({ id: hexOf(index, i), score: clamp(1 - far), exact })
  }
  if (isAmd64(blob.file)) checkIds(answer, rows)

  const exact = rows
    .map(row => row.exact)
    .filter(value => !Number.isNaN(value))
    .toSorted((a, b) => b - a)
  // Where float32 overflows or underflows, the original's own arithmetic above is all there is to agree with.
  if (!inFloatRange(query) || !rowsInFloatRange(index)) return
  // 1e-6, and more only where a float32 sum of so many numbers can be farther off.
  const near = Math.max(1e-6, dim * 2 ** -24)
  for (const row of rows) assert.ok(Math.abs(row.score - row.exact) <= near, row.id)
  const found = answer.scores.map(score).toSorted((a, b) => b - a)
  for (const [i, value] of found.entries()) {
    assert.ok(
      value <= exact[i] + near,
      `${answer.query} k ${answer.k}: exact search misses ${value}`,
    )
  }
  for (const [i, id] of answer.ids.entries()) {
    const value = score(answer.scores[i])
    const same = rows.filter(row => row.id === idHex(id) && Math.abs(row.exact - value) <= near)
    assert.ok(
      same.length > 0,
      `${answer.query} k ${answer.k}: ${idHex(id)} does not score ${value}`,
    )
  }
}

/** The score the original would report in unlimited precision: clamped, and 0 for cosine without a length. */
function exactScore(
  distance: OriginalCover['distance'],
  query: Float32Array,
  row: Float32Array,
): number {
  if (distance === 'cosine' && magnitude(row) === 0) return 0
  return clamp(similarityToScore(distance, exactSimilarity(distance, query, row)))
}

function clamp(value: number): number {
  return value > 1 ? 1 : value < -1 ? -1 : value
}

/** Squares neither overflow nor vanish in float32. */
function inFloatRange(vector: Float32Array): boolean {
  const length = magnitude(vector)
  return length === 0 || (length > 1e-15 && length < 1e15)
}

function rowsInFloatRange({ dim, ids, vectors }: OriginalCover): boolean {
  for (let i = 0; i < ids.count; i++) {
    if (!inFloatRange(vectors.subarray(i * dim, (i + 1) * dim))) return false
  }
  return true
}

function hexOf(index: OriginalBrute | OriginalCover, i: number): string {
  return Buffer.from(index.ids.bytes(i)).toString('hex')
}
