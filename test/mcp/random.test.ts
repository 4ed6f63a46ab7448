import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { McpError } from '@modelcontextprotocol/sdk/types.js'
import { temporaryFolder } from '../cli/svec.ts'
import { Dice } from '../dice.ts'
import { seededTest } from '../seed.ts'
import { namesRemedy, rawAnswer, spawned } from './connected.ts'

const folder = temporaryFolder()
const CALLS = 1000
const TOOLS = ['search', 'get', 'list', 'stats', 'upsert', 'delete'] as const
const NAMES = [
  'text', 'vector', 'mode', 'k', 'filter', 'minScore', 'groupBy', 'cursor', 'vectors', 'ids', 'offset',
  'orderBy', 'direction', 'limit', 'documents', 'file', 'table', 'dataset', 'no such', '__proto__',
] // prettier-ignore

const deep = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}1${']'.repeat(levels)}`)

/** Any value that JSON can hold. */
function anyValue(dice: Dice): unknown {
  return dice.pick<() => unknown>([
    () => null,
    () => true,
    () => dice.below(100) - 10,
    () => dice.next() * 1e300,
    () => -Infinity,
    () => '',
    () => 'x'.repeat(dice.below(5000)),
    () => dice.pick(['n1', 'docs', 'default', 'vector', 'meta.a', 'id', "'; DROP TABLE docs; --"]),
    () => dice.pick(['\u0000', '\ud800', '\u001b[2J', '😀', 'AND OR NOT NEAR(', '"', '*', '-']),
    () => [],
    () => Array.from({ length: dice.below(6) }, () => dice.next()),
    () => Array.from({ length: dice.below(3) }, () => anyValue(dice)),
    () => ({}),
    () => ({ [dice.pick(['a', '$eq', '$or', '$regex', '__proto__', 'a.b', ''])]: anyValue(dice) }),
    () => deep(dice.pick([5, 200, 3000])),
  ])()
}

/** A value that a call may have. */
function goodValue(dice: Dice, name: string): unknown {
  const id = (): string => `n${dice.below(30)}`
  const vector = (): number[] => [dice.next(), dice.next(), dice.next()]
  switch (name) {
    case 'text':
      return dice.pick(['note', 'red fox', 'AND', 'x'])
    case 'vector':
      return vector()
    case 'mode':
      return dice.pick(['vector', 'text', 'hybrid'])
    case 'k':
    case 'limit':
      return 1 + dice.below(50)
    case 'filter':
      return dice.pick<object>([{ a: 1 }, { a: { $gte: dice.below(9) } }, { $not: { a: 2 } }])
    case 'ids':
      return Array.from({ length: 1 + dice.below(3) }, id)
    case 'documents':
      return Array.from({ length: 1 + dice.below(3) }, () => ({
        id: id(),
        content: dice.pick(['a note', 'a red fox', 'x'.repeat(dice.below(20_000))]),
        meta: { a: dice.below(9) },
        ...(dice.chance(0.5) && { vector: vector() }),
      }))
    case 'groupBy':
    case 'orderBy':
      return dice.pick(['meta.a', 'id'])
    case 'direction':
      return dice.pick(['asc', 'desc'])
    case 'dataset':
      return 'default'
    default:
      return anyValue(dice)
  }
}

const USUAL: Readonly<Record<string, readonly string[]>> = {
  search: ['text', 'vector', 'mode', 'k', 'filter', 'groupBy'],
  get: ['ids', 'offset'],
  list: ['filter', 'orderBy', 'direction', 'limit'],
  upsert: ['documents', 'dataset'],
  delete: ['ids'],
}

function argumentsOf(dice: Dice, tool: string): Record<string, unknown> {
  const usual = USUAL[tool] ?? []
  const names = dice.chance(0.7)
    ? usual.filter(() => dice.chance(0.6))
    : NAMES.filter(() => dice.chance(0.15))
  return Object.fromEntries(
    names.map(name => [name, dice.chance(0.85) ? goodValue(dice, name) : anyValue(dice)]),
  )
}

/** The error of a call; undefined if it succeeded. */
async function outcome(client: Client, dice: Dice): Promise<string | undefined> {
  try {
    if (dice.chance(0.1)) {
      const uri = dice.pick([
        `svec://calls.sqlite/docs/default/n${dice.below(30)}`,
        'svec://a/b',
        'x',
        '',
      ])
      await (dice.chance(0.5)
        ? client.readResource({ uri })
        : client.listResources({ cursor: uri }))
      return undefined
    }
    const tool = dice.chance(0.97) ? dice.pick(TOOLS) : String(anyValue(dice))
    const { isError, text } = await rawAnswer(client, tool, argumentsOf(dice, tool))
    assert.ok(Buffer.byteLength(text) <= 30_000, `${text.length}`)
    if (isError !== true) JSON.parse(text)
    return isError === true ? text : undefined
  } catch (error) {
    if (error instanceof McpError) return error.message
    throw error
  }
}

seededTest('MCP_SEED')(
  `${CALLS} random calls: no crash, and every error says what to do`,
  async (_t, seed) => {
    const dice = new Dice(seed)
    await using agent = await spawned([
      join(folder, 'calls.sqlite'),
      '--write',
      '--max-bytes',
      '30000',
    ])
    let failed = 0
    for (let i = 0; i < CALLS; i++) {
      const error = await outcome(agent.client, dice)
      if (error === undefined) continue
      failed++
      assert.ok(namesRemedy(error), `call ${i}: ${error}`)
      // An error of the server itself is a bug.
      assert.doesNotMatch(error, /Cannot read|is not a function/, `call ${i}`)
    }
    assert.ok(failed > CALLS / 20 && failed < CALLS * 0.9, `${failed} of ${CALLS} failed`)
  },
)
