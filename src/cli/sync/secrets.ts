import { withoutPasswords } from '../redact.ts'

/** Removing a shorter secret would black out half of every sentence, and protect nothing. */
const SHORTEST = 4

/** The secrets of this run, which are removed from all output. */
export class Secrets {
  readonly #known = new Set<string>()

  add(secret: string | undefined): void {
    if (secret === undefined || secret.length < SHORTEST) return
    this.#known.add(secret)
    this.#known.add(encodeURIComponent(secret))
    // The secret in its JSON form, without the quotes.
    this.#known.add(JSON.stringify(secret).slice(1, -1))
  }

  redact(text: string): string {
    let result = withoutPasswords(text)
    for (const secret of this.#known) result = result.replaceAll(secret, '***')
    return result
  }
}
