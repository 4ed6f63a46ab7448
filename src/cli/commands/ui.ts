import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { Worker } from 'node:worker_threads'
import { connect } from '../../entries/worker.ts'
import type { TextEmbedder } from '../../ui/contract.ts'
import { serveUi, UI_WORKER } from '../../ui/server.ts'
import type { CommandBody } from '../command.ts'
import { DATABASE_OPTIONS, withDatabase } from '../database.ts'
import { MODEL_OPTION } from '../embedder-flags.ts'
import { EXIT } from '../exit-code.ts'
import { staticModel } from '../static-model.ts'

export const ui: CommandBody = {
  details: [
    'Serves a page that shows the tables, a map of the vectors, and searches, to browsers on this',
    'machine alone. The printed address contains a token, without which nothing is answered. Ctrl-C ends it.',
  ],
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: {
    write: { type: 'boolean', description: 'allow the page to repair what a check finds' },
    port: { type: 'string', value: 'n', description: 'the port (a free one)' },
    embed: MODEL_OPTION,
    'no-open': { type: 'boolean', description: 'print the address, and open no browser' },
    ...DATABASE_OPTIONS,
  },
  examples: [
    { line: 'ui docs.sqlite', says: 'look at a file' },
    { line: 'ui docs.sqlite --embed static', says: 'with searches by meaning' },
    { line: 'ui docs.sqlite --write --port 8080', says: 'with repairs, at an address that stays' },
  ],
  run: async context => {
    const path = context.arg('file')
    const { flags, signal } = context
    const writable = flags.on('write')
    const port = flags.integer('port', 0, 65_535) ?? 0
    // Refuses a file that cannot be opened with the messages of every other command.
    await withDatabase(context, path, { readonly: !writable }, () => undefined)
    const exclusive = flags.on('exclusive')
    const busyTimeout = flags.integer('busy-timeout', 0, 0x7fffffff)
    await using db = await connect(path, {
      create: false,
      readonly: !writable && !exclusive,
      exclusive,
      allowDbpath: flags.text('allow-dbpath'),
      ...(busyTimeout === undefined ? {} : { busyTimeout }),
      worker: () => new Worker(UI_WORKER),
    })
    const model = flags.text('embed')
    const embedder = model === undefined ? undefined : await uiEmbedder(model)
    const { url, close } = await serveUi({ db, name: basename(path), writable, embedder, port })
    await context.print({ url }, [url])
    if (!flags.on('no-open')) openBrowser(url)
    if (!signal.aborted) await once(signal, 'abort')
    await close()
    return EXIT.ok
  },
}

async function uiEmbedder(model: string): Promise<TextEmbedder> {
  const embedder = await staticModel(model)
  const { name, dim } = embedder
  return { name, dim, embed: async text => embedder.embedText(text) }
}

const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Opens the address in the browser of the user. Without one, the address is printed in any case. */
function openBrowser(url: string): void {
  const [program, ...before] = OPENERS[process.platform] ?? ['xdg-open']
  const opened = spawn(program, [...before, url], { stdio: 'ignore', detached: true })
  opened.on('error', () => undefined)
  opened.unref()
}
