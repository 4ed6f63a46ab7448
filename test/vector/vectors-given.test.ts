import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { decodeEmbedding, encodeEmbedding, VecError } from '../../src/entries/main.ts'
import { vectorPlaces, type VectorPlace } from './vector-places.ts'
import { GIVEN, type GivenValue } from './vector-values.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-vectors-'))
after(() => rmSync(folder, { recursive: true }))
const places = await vectorPlaces(folder)

function isTaken({ takes, except, refuses }: VectorPlace, { as, name }: GivenValue): boolean {
  if (refuses?.includes(name)) return false
  return takes.some(kind => kind === as) || (except !== undefined && name in except)
}

/** What is bound is the engine's business: a list is that of all parameters, and shared memory is refused. */
function isForSql({ as, name, value }: GivenValue): boolean {
  if (name === 'a SharedArrayBuffer') return false
  if (ArrayBuffer.isView(value) && (as === 'numbers' || as === 'refused')) return true
  return ['text', 'bytes', 'bad bytes'].includes(as) || ['a text', 'an empty text'].includes(name)
}

/** A Float32Array is bound as its bytes, which are those of the vector, and a view without a type as its own. */
function isBoundForSql({ as, value }: GivenValue): boolean {
  return (as === 'numbers' && value instanceof Float32Array) || value instanceof DataView
}

function refusalOf(
  { takes }: VectorPlace,
  { as, value }: GivenValue,
): 'TypeError' | 'VEC_EMBEDDING' {
  if (takes.includes('text') && typeof value === 'string') return 'VEC_EMBEDDING'
  const bad =
    (as === 'bad numbers' && takes.includes('numbers')) ||
    (as === 'bad bytes' && takes.includes('bytes'))
  return bad ? 'VEC_EMBEDDING' : 'TypeError'
}

/** Whether the message calls the value as it would elsewhere: faults inside of it are told where it could be one. */
function isToldOf(place: VectorPlace, { as, name }: GivenValue, refusal: string): boolean {
  if (place.takes.includes('text'))
    return (
      !['a text', 'an empty text', 'an answer of a server', 'a tensor'].includes(name) &&
      !as.startsWith('bad')
    )
  return refusal === 'VEC_EMBEDDING' || !as.startsWith('bad')
}

for (const place of places) {
  const isSql = place.takes.includes('text') && place.takes.includes('bytes')
  describe(place.name, () => {
    for (const given of GIVEN) {
      if (isSql && !isForSql(given)) continue
      const { as, name, told, value } = given
      if (place.except?.[name]?.includes('never comes')) continue
      if (isTaken(place, given) || (isSql && isBoundForSql(given))) {
        test(`takes ${name}`, async () => {
          const read = await place.give(value)
          if (as === 'none') assert.equal(read, null)
          else if (place.except?.[name] === undefined) {
            const numbers = Array.from(read as Iterable<number>, x => Math.fround(x))
            assert.deepEqual(numbers, [1, 0.5])
          }
        })
        continue
      }
      test(`refuses ${name}`, async () => {
        await assert.rejects(
          async () => place.give(value),
          (error: unknown) => {
            assert.ok(error instanceof Error)
            if (isSql) {
              if (!ArrayBuffer.isView(value) || value instanceof Uint8Array) {
                assert.ok(error instanceof VecError && error.hint, String(error))
                return true
              }
              // Numbers of another type are never taken for float32.
              assert.ok(error instanceof TypeError, String(error))
              assert.match(error.message, told)
              return true
            }
            const wanted = refusalOf(place, given)
            const right =
              wanted === 'TypeError'
                ? error instanceof TypeError
                : error instanceof VecError && error.code === wanted && error.hint
            assert.ok(right, String(error))
            assert.match(error.message, /expected|not multiple of 4|must be|is empty/)
            if (isToldOf(place, given, wanted)) assert.match(error.message, told)
            return true
          },
        )
      })
    }
  })
}

test('a vector is copied before it is looked at', () => {
  const shared = new Float32Array(new SharedArrayBuffer(8))
  shared.set([1, 0.5])
  const bytes = encodeEmbedding(shared)
  shared.fill(NaN)
  assert.deepEqual([...decodeEmbedding(bytes)], [1, 0.5])
})

test('a vector of another realm is one, too', () => {
  for (const code of ['[1, 0.5]', 'Float32Array.of(1, 0.5)', 'Float64Array.of(1, 0.5)']) {
    const foreign = runInNewContext(code) as number[]
    assert.deepEqual([...decodeEmbedding(encodeEmbedding(foreign))], [1, 0.5])
  }
  const bytes = runInNewContext('new Uint8Array(Float32Array.of(1, 0.5).buffer)') as Uint8Array
  assert.deepEqual([...decodeEmbedding(bytes)], [1, 0.5])
  assert.throws(
    () => encodeEmbedding(runInNewContext('Promise.resolve([1])') as number[]),
    /a Promise/,
  )
})
