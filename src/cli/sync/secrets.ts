import { withoutPasswords } from '../redact.ts'

/** Shorter ones would blacken half of every sentence, and protect nothing. */
const SHORTEST = 4

/** The secrets of this run, taken out of whatever is printed. */
export class Secrets {
  readonly #known = new Set<string>()

  add(secret: string | undefined): void {
    if (secret === undefined || secret.length < SHORTEST) return
    this.#known.add(secret)
    this.#known.add(encodeURIComponent(secret))
    // As JSON writes it, without the quotes.
    this.#known.add(JSON.stringify(secret).slice(1, -1))
  }

  redact(text: string): string {
    let result = withoutPasswords(text)
    for (const secret of this.#known) result = result.replaceAll(secret, '***')
    return result
  }
}
