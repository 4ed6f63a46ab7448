import { KnownTexts } from '../wasm/known-texts.ts'
import type { Pointer, Sqlite } from '../wasm/wasm.ts'
import type { Plan } from './index-info.ts'

/** The plans of one table, by the number and text that SQLite keeps of them. There are as many as shapes of statements. */
export class Plans {
  readonly #plans = new Map<string, Map<number, Plan>>()
  readonly #texts: KnownTexts

  constructor(sqlite: Sqlite) {
    this.#texts = new KnownTexts(sqlite)
  }

  add(plan: Plan): void {
    const { number = 0, text = '' } = plan
    const ofText = this.#plans.get(text)
    if (ofText) ofText.set(number, plan)
    else this.#plans.set(text, new Map([[number, plan]]))
  }

  /** The plan of this number, whose text is at `text`. */
  find(number: number, text: Pointer): Plan {
    return this.#plans.get(this.#texts.read(text))!.get(number)!
  }
}
