import { parse as parseInBrowser, type Options } from 'csv-parse/browser/esm'

type Done = (error?: Error | null) => void

/**
 * In place of csv-parse, as far as importing CSV needs it. Its build for browsers takes text, not a Uint8Array, and
 * tells an error of the last row only by its event: who waits for the callback would wait forever.
 */
export function parse(options: Options): {
  on(): void
  write(piece: Uint8Array, done: Done): void
  end(done: Done): void
} {
  const parser = parseInBrowser(options)
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let waiting: Done | undefined
  parser.on('error', error => waiting?.(error))
  return {
    on: () => undefined,
    write(piece, done) {
      waiting = done
      const text = decoder.decode(piece, { stream: true })
      if (text === '') done()
      else parser.write(text, done)
    },
    end(done) {
      waiting = done
      parser.end(done)
    },
  }
}
