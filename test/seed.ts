import { AsyncLocalStorage } from 'node:async_hooks'
import { randomInt } from 'node:crypto'
import { test, type TestContext, type TestOptions } from 'node:test'

/**
 * The seeds of all random tests. Each has an environment variable that replays it; with CI set it is the number here, so
 * that a run of CI is the same run again; elsewhere a new one is drawn for each process.
 */
const IN_CI = {
  ATTACH_SEED: 50_331_653,
  CHAOS_SEED: 402_653,
  COLLECTION_SEED: 12_289,
  COVER_SEED: 786_433,
  CRASH_SEED: 25_165_843,
  CSV_SEED: 50_331,
  DAMAGE_SEED: 100_663,
  FAULTS_SEED: 805_306_457,
  FILTERS_SEED: 3_221_225,
  INDEX_SEED: 201_326_611,
  INTERCHANGE_SEED: 6_151,
  MCP_SEED: 6_442_451,
  MODEL_SEED: 12_582_917,
  ORIGINAL_SEED: 98_317,
  POWER_SEED: 20_261_125,
  SCALAR_SEED: 1_610_612_741,
  SHARING_SEED: 18_874_379,
  STORE_SEED: 6_291_469,
  SYNC_SEED: 805_306_457,
  TABS_SEED: 100_663_319,
  UI_SEED: 1_610_613,
  UPSERT_SEED: 3_145_739,
  VEC_SEED: 1_572_869,
  VECTOR_SEED: 196_613,
  WAL_SEED: 393_241,
}

export type SeedVariable = keyof typeof IN_CI

const drawn = new Map<SeedVariable, number>()

/** The seed of this process, for programs that print it; a test has its own from `seededTest`. */
export function seedFor(variable: SeedVariable): number {
  const given = process.env[variable]
  if (given !== undefined && given !== '') {
    const seed = Number(given)
    if (!Number.isSafeInteger(seed)) throw new RangeError(`${variable}=${given} is no whole number`)
    return seed
  }
  if (inCi()) return IN_CI[variable]
  let seed = drawn.get(variable)
  if (seed === undefined) drawn.set(variable, (seed = randomInt(1e9)))
  return seed
}

function inCi(): boolean {
  return !['', '0', 'false'].includes(process.env['CI'] ?? '')
}

const running = new AsyncLocalStorage<SeedVariable>()

/** The seed of the test that runs. Outside of a `seededTest` of this variable nothing can be drawn. */
export function seedOfTest(variable: SeedVariable): number {
  if (running.getStore() === variable) return seedFor(variable)
  throw new Error(
    `random numbers are drawn inside seededTest('${variable}') only: a failure must tell their seed`,
  )
}

type Run = (t: TestContext, seed: number) => unknown
type SeededTest = (title: string, ...rest: [Run] | [TestOptions, Run]) => void

/**
 * `test` of node:test for tests that draw random numbers. The title has the seed, and what a failure says ends with the
 * command that replays it. `also` are further variables that the run depends on.
 */
export function seededTest(
  variable: SeedVariable,
  also: Readonly<Record<string, string | number>> = {},
): SeededTest {
  return (title, ...rest) => {
    const [options, run] = rest.length === 2 ? rest : [{}, rest[0]]
    const seed = seedFor(variable)
    void test(`${title} (${variable}=${seed})`, options, async t => {
      try {
        await running.run(variable, async () => run(t, seed))
      } catch (error) {
        throw withReplay(error, replayOf({ [variable]: seed, ...also }))
      }
    })
  }
}

function replayOf(variables: Readonly<Record<string, string | number>>): string {
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const [, file] = /[\\/]test[\\/](.*?)(?:\.test)?\.[jt]s$/.exec(process.argv[1] ?? '') ?? []
  return `${settings.join(' ')} node scripts/test.mjs ${file?.replaceAll('\\', '/') ?? '...'}`
}

/** The same error, so that its comparison of values is shown, with the command behind its message. */
function withReplay(error: unknown, replay: string): unknown {
  const told = `\n\n  replay it: ${replay}\n`
  if (!(error instanceof Error)) return new Error(`${String(error)}${told}`, { cause: error })
  const { message, stack } = error
  error.message = `${message}${told}`
  // The stack began with the message as it was, and is what reporters print.
  const at = stack === undefined ? -1 : stack.indexOf(message) + message.length
  if (stack !== undefined && at >= message.length) {
    error.stack = `${stack.slice(0, at)}${told}${stack.slice(at)}`
  }
  return error
}
