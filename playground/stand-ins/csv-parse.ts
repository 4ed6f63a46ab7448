import { parse as parseStream, type Options } from 'csv-parse/stream'

type Done = (error?: Error | null) => void

/**
 * In place of csv-parse, as far as importing CSV needs it: its parser for streams of the web, since that for streams of Node
 * brings a copy of them.
 */
export function parse(options: Options): {
  on(): void
  write(piece: Uint8Array, done: Done): void
  end(done: Done): void
} {
  const writer = (parseStream(options) as TransformStream<Uint8Array>).writable.getWriter()
  writer.closed.catch(() => undefined)
  const tell = (call: Promise<void>, done: Done): void => {
    // A row that is refused makes the stream fail, not the call that brought it.
    call.then(async () => writer.ready).then(() => done(), done)
  }
  return {
    on: () => undefined,
    write: (piece, done) => tell(writer.write(piece), done),
    end: done => tell(writer.close(), done),
  }
}
