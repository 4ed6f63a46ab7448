import { garbled } from '../../answer.ts'

const CODE = 1
const HEADER = 5
const ERROR = 0x45
const NOTICE = 0x4e
/** The message types of a server that this protocol can meet: authentication, results, COPY, notifications. */
const CODES: ReadonlySet<number> = new Set(new TextEncoder().encode('R123ACDEGHIKNSTVWZcdnstv'))
/** The limit of PostgreSQL itself for a message: 1 GiB. */
const LONGEST = 2 ** 30
const LONGEST_ERROR = 2 ** 24
const NONE = new Uint8Array()

/**
 * Checks the frames of a server's stream before pg reads them. In a message of an error or a notice whose end is
 * missing, pg's parser searches for ever, and no deadline can pass meanwhile.
 */
export class FrameCheck {
  /** Bytes of an incomplete header, then of a message whose content is checked. */
  #held: Uint8Array = NONE
  /** Remaining bytes of a message that is skipped. */
  #skip = 0

  check(data: Uint8Array): void {
    let rest = this.#held.length === 0 ? data : joined(this.#held, data)
    this.#held = NONE
    for (;;) {
      const passed = Math.min(this.#skip, rest.length)
      this.#skip -= passed
      rest = rest.subarray(passed)
      if (rest.length < HEADER) break
      const code = rest[0]
      const length = CODE + new DataView(rest.buffer, rest.byteOffset).getUint32(CODE)
      if (!CODES.has(code) || length < HEADER || length > LONGEST) {
        throw garbled(`a message of kind ${code} and ${length} bytes`)
      }
      if (code !== ERROR && code !== NOTICE) {
        this.#skip = length
        continue
      }
      if (length > LONGEST_ERROR) throw garbled(`an error message of ${length} bytes`)
      if (rest.length < length) break
      checkFields(rest.subarray(HEADER, length))
      rest = rest.subarray(length)
    }
    this.#held = rest.slice()
  }
}

/** Each field is a letter and text up to a NUL. Another NUL ends the message. */
function checkFields(body: Uint8Array): void {
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1)
    if (end < 0) break
    at = end + 1
  }
  if (at !== body.length - 1 || body[at] !== 0) throw garbled('an error message without its end')
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}
