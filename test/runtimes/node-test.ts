/**
 * The part of node:test that our tests use, over `Deno.test`, which an import map puts in its place. Deno's own node:test
 * forgets the `after` hooks of a file one of whose tests is skipped, and lets a file end while a test waits for a process.
 */

type Skip = boolean | string | undefined
type Body = (t: Context) => unknown

interface Options {
  readonly skip?: Skip
  readonly timeout?: number
}

interface Step {
  readonly name: string
  readonly ignore?: boolean
  fn(t: DenoContext): Promise<void>
  readonly sanitizeOps?: boolean
  readonly sanitizeResources?: boolean
  readonly sanitizeExit?: boolean
}

interface DenoContext {
  step(step: Step): Promise<boolean>
}

declare const Deno: { test(step: Step): void }

const FREE = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false }

/** A test is a suite without children that has a body. */
class Suite {
  readonly before: (() => unknown)[] = []
  readonly after: (() => unknown)[] = []
  readonly beforeEach: (() => unknown)[] = []
  readonly afterEach: (() => unknown)[] = []
  readonly children: Suite[] = []
  readonly name: string
  readonly parent: Suite | undefined
  readonly options: Options
  readonly body: Body | undefined

  constructor(name: string, parent?: Suite, options: Options = {}, body?: Body) {
    this.name = name
    this.parent = parent
    this.options = options
    this.body = body
  }

  get ignored(): boolean {
    const { skip } = this.options
    return skip !== undefined && skip !== false && skip !== ''
  }

  get step(): Step {
    const { skip } = this.options
    const ignore = this.ignored
    const reason = typeof skip === 'string' && ignore ? ` # ${skip}` : ''
    const fn = (t: DenoContext): Promise<void> => (this.body ? this.#test() : this.run(t))
    return { name: `${this.name}${reason}`, ignore, fn, ...FREE }
  }

  /** Runs the tests in it. */
  async run(t: DenoContext): Promise<void> {
    try {
      for (const hook of this.before) await hook()
      for (const child of this.children) {
        if (child.ignored) leftOut += child.body ? 1 : 0
        await t.step(child.step)
      }
    } finally {
      for (const hook of this.after) await hook()
    }
  }

  async #test(): Promise<void> {
    const context = new Context(this.name)
    const suites: Suite[] = []
    for (let at = this.parent; at; at = at.parent) suites.push(at)
    try {
      for (const suite of suites.toReversed()) for (const hook of suite.beforeEach) await hook()
      await limited(Promise.resolve(this.body!(context)), this.options.timeout)
      if (context.skipped) leftOut++
      else passed++
    } catch (error) {
      failed++
      throw error
    } finally {
      for (const suite of suites) for (const hook of suite.afterEach) await hook()
      for (const hook of context.afterwards) await hook()
    }
  }
}

class Context {
  skipped = false
  readonly afterwards: (() => unknown)[] = []
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  after(hook: () => unknown): void {
    this.afterwards.push(hook)
  }

  diagnostic(text: string): void {
    process.stdout.write(`# ${text}\n`)
  }

  skip(reason = ''): void {
    this.skipped = true
    process.stdout.write(`# left out: ${reason}\n`)
  }
}

async function limited(task: Promise<unknown>, milliseconds: number | undefined): Promise<void> {
  // A timer keeps the process alive for tests that wait for something else than a timer or a socket.
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise((_resolve, reject) => {
    const limit = milliseconds ?? 600_000
    timer = setTimeout(() => reject(new Error(`the test took more than ${limit} ms`)), limit)
  })
  try {
    await Promise.race([task, late])
  } finally {
    clearTimeout(timer)
  }
}

const root = new Suite('')
let current = root
let registered = false
let passed = 0
let leftOut = 0
let failed = 0

/** Reads the forms `(name, body)`, `(name, options, body)` and `(body)`. */
function read(args: readonly unknown[]): { name: string; options: Options; body: Body } {
  const body = args.findLast(arg => typeof arg === 'function') as Body
  const options = args.find(arg => typeof arg === 'object' && arg !== null)
  return {
    name: typeof args[0] === 'string' ? args[0] : '<anonymous>',
    options: options ?? {},
    body,
  }
}

async function runAll(t: DenoContext): Promise<void> {
  try {
    await root.run(t)
  } finally {
    // scripts/runtime-suite.mjs reads this line.
    process.stdout.write(`\n# node:test: ${passed} passed, ${leftOut} left out, ${failed} failed\n`)
  }
}

function add(suite: Suite): void {
  if (!registered) {
    registered = true
    // Deno runs it when all modules are loaded, and so all tests are known.
    Deno.test({ name: 'node:test', fn: runAll, ...FREE })
  }
  suite.parent!.children.push(suite)
}

export function test(...args: unknown[]): Promise<void> {
  const { name, options, body } = read(args)
  add(new Suite(name, current, options, body))
  return Promise.resolve()
}

export function describe(...args: unknown[]): Promise<void> {
  const { name, options, body } = read(args)
  const suite = new Suite(name, current, options)
  add(suite)
  if (suite.ignored) return Promise.resolve()
  const outer = current
  current = suite
  try {
    ;(body as () => void)()
  } finally {
    current = outer
  }
  return Promise.resolve()
}

export const before = (hook: () => unknown): void => void current.before.push(hook)
export const after = (hook: () => unknown): void => void current.after.push(hook)
export const beforeEach = (hook: () => unknown): void => void current.beforeEach.push(hook)
export const afterEach = (hook: () => unknown): void => void current.afterEach.push(hook)
