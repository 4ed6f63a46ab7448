import { lateParser } from '#late-parser'
import { VecError } from '../../core/errors.ts'
import { didYouMean } from '../../core/suggest.ts'
import { DEFAULT_FUSION, FUSIONS, type FusionOptions } from '../../search/hybrid/fusion.ts'
import { TEXT_SYNTAXES, type TextSyntax } from '../../search/text/text-syntax.ts'

/** The part of a vec_hybrid() or vec_text() request beside the vector. */
export interface TextRequest extends FusionOptions {
  readonly text: string
  readonly syntax: TextSyntax
  readonly window: number | undefined
}

/** A request in the form that MATCH takes: a BLOB of odd length, which no vector can have. */
interface MatchRequest {
  readonly vector: Uint8Array | undefined
  readonly request: TextRequest
}

const MAGIC = new TextEncoder().encode('vec text search 1\n')
const encoder = new TextEncoder()
const decoder = new TextDecoder()

type Options = Readonly<Partial<Record<keyof TextRequest, unknown>>>

const OPTIONS = ['syntax', 'fusion', 'rrfK', 'weights', 'window'] as const

/** `where` is the called SQL function. */
export function encodeRequest(
  where: string,
  vector: Uint8Array | undefined,
  text: string,
  options: string | undefined,
): Uint8Array {
  const request = readOptions(where, text, options)
  const json = encoder.encode(JSON.stringify(request))
  const length = MAGIC.length + 4 + json.length + (vector?.length ?? 0)
  const bytes = new Uint8Array(length + ((5 - (length % 4)) % 4))
  bytes.set(MAGIC)
  new DataView(bytes.buffer).setUint32(MAGIC.length, json.length, true)
  bytes.set(json, MAGIC.length + 4)
  if (vector) bytes.set(vector, MAGIC.length + 4 + json.length)
  return bytes
}

/** Undefined for any other BLOB. */
export function decodeRequest(bytes: Uint8Array): MatchRequest | undefined {
  if (bytes.length % 4 !== 1 || MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined
  const { buffer, byteOffset, byteLength } = bytes
  const begin = MAGIC.length + 4
  const end = begin + new DataView(buffer, byteOffset, byteLength).getUint32(MAGIC.length, true)
  // A BLOB from elsewhere gets the same errors as arguments.
  const json = decoder.decode(bytes.subarray(begin, end))
  const { text = '', ...options } = parsed('MATCH', json)
  const request = readOptions('MATCH', String(text), JSON.stringify(options))
  const numbers = (bytes.length - end) >>> 2
  const vector = numbers === 0 ? undefined : bytes.slice(end, end + 4 * numbers)
  return { vector, request }
}

function readOptions(where: string, text: string, json: string | undefined): TextRequest {
  const given: Options = json === undefined ? {} : parsed(where, json)
  for (const name of Object.keys(given)) {
    if ((OPTIONS as readonly string[]).includes(name)) continue
    throw refused(
      `${where}: unknown option '${name}'${didYouMean(name, OPTIONS, "'") || '.'} Options are ${OPTIONS.join(', ')}`,
    )
  }
  const { syntax = 'any', fusion = DEFAULT_FUSION.fusion, rrfK = DEFAULT_FUSION.rrfK } = given
  const { weights, window } = given
  return {
    text,
    syntax: oneOf(where, 'syntax', syntax, TEXT_SYNTAXES),
    fusion: oneOf(where, 'fusion', fusion, FUSIONS),
    rrfK: numberOf(where, 'rrfK', rrfK),
    weights: weightsOf(where, weights),
    window: window === undefined ? undefined : windowOf(where, window),
  }
}

function parsed(where: string, json: string): Options {
  let options: unknown
  try {
    options = JSON.parse(json)
  } catch {
    throw refused(`${where}: the options are not JSON (${lateParser.needed.jsonProblem(json)})`)
  }
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
    return options
  }
  throw refused(`${where}: the options are ${json}, expected a JSON object`)
}

function oneOf<T extends string>(
  where: string,
  name: string,
  value: unknown,
  known: readonly T[],
): T {
  const found = known.find(one => one === value)
  if (found !== undefined) return found
  throw refused(
    `${where}: ${name} is ${JSON.stringify(value)}, expected one of ${known.join(', ')}`,
  )
}

function numberOf(where: string, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw refused(`${where}: ${name} is ${JSON.stringify(value)}, expected a number from 0`)
}

function windowOf(where: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw refused(`${where}: window is ${JSON.stringify(value)}, expected an integer from 1`)
}

function weightsOf(where: string, value: unknown): FusionOptions['weights'] {
  if (value === undefined) return DEFAULT_FUSION.weights
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(
      `${where}: weights is ${JSON.stringify(value)}, expected {"vector": 1, "text": 1}`,
    )
  }
  const { vector = 1, text = 1, ...others } = value as Record<string, unknown>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw refused(`${where}: unknown weight '${unknown}': weights are vector and text`)
  }
  return {
    vector: numberOf(where, 'weights.vector', vector),
    text: numberOf(where, 'weights.text', text),
  }
}

function refused(message: string): VecError {
  return new VecError('VEC_QUERY', message, {
    hint: `for instance '{"fusion": "rrf", "weights": {"vector": 1, "text": 0.5}}'`,
  })
}
