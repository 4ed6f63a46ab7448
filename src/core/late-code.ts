import { VecError } from './errors.ts'

/**
 * Code that a program may load after the code that uses it: in a bundle for browsers, it is in another file.
 *
 *     const lateTrees = new LateCode<typeof trees>('cover trees')
 *     lateTrees.provide(trees)
 */
export class LateCode<T extends object> {
  static #isWanted = false
  static #missed = 0
  readonly #what: string
  #code: T | undefined

  /** `code`: for a program that has it from the start. */
  constructor(what: string, code?: T) {
    this.#what = what
    this.#code = code
  }

  /** Whether code that would help is not there. */
  static get isWanted(): boolean {
    return LateCode.#isWanted
  }

  /** How often a call could not go on without code. SQLite may hide the error that says so. */
  static get missed(): number {
    return LateCode.#missed
  }

  /** From now on, the code is there. */
  provide(code: T): void {
    this.#code = code
  }

  /** The code. Throws MissingCode if it is not there. */
  get needed(): T {
    const code = this.wanted
    if (code !== undefined) return code
    LateCode.#missed++
    throw new MissingCode(this.#what)
  }

  /** The code, for callers that go on without it; undefined if it is not there. */
  get wanted(): T | undefined {
    if (this.#code === undefined) LateCode.#isWanted = true
    return this.#code
  }
}

/** Code is needed that is not there. Once it is, the same call can succeed. */
export class MissingCode extends VecError {
  constructor(what: string) {
    super('VEC_ENGINE', `the code for ${what} is not loaded`, {
      hint: 'call register(db) first, which has all code',
    })
  }
}

/** Code in a file of its own, once it is loaded. Throws VEC_ENGINE if the file cannot be loaded. */
export async function partOf<T>(loading: Promise<T>): Promise<T> {
  try {
    return await loading
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new VecError('VEC_ENGINE', `a part of sqlite-vec-ts was not loaded: ${reason}`, {
      cause: error,
      hint: 'serve all files of the bundle, of the same version, and call again',
    })
  }
}
