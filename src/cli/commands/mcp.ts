import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Connection } from '../../entries/main.ts'
import type { McpServerOptions } from '../../entries/mcp.ts'
import type * as Server from '../../entries/mcp.ts'
import { CliError, usageError } from '../cli-error.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, openFile } from '../database.ts'
import { embedderOf, EMBEDDER_OPTIONS } from '../embedder-flags.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { loadPackage } from '../load-package.ts'
import { ServedFile } from '../mcp/served-file.ts'

const TOKEN_VARIABLE = 'SVEC_MCP_TOKEN'
const LEAST_TOKEN = 16
/** What createServer() demands: space for names, and for the id of each document. */
const BYTES_OF_NAMES = 4000
const BYTES_A_ROW = 400
const PACKAGE = '@modelcontextprotocol/sdk'

type ServerModule = typeof Server

export const mcp: CommandBody = {
  details: [
    'Serves one client over stdin and stdout; with --port, any number of clients over HTTP on 127.0.0.1.',
    'The tools are search, get, list and stats; --write adds upsert and delete, and creates a missing file',
    'with a table for words. Without --write the file is opened read-only. Each document is a resource.',
    'A text is embedded by --embed, --embed-command or --embed-url; without them, it is searched by its',
    'words.',
    `Over HTTP, requests need a token: that of the environment variable ${TOKEN_VARIABLE}, or a new one,`,
    `which is printed on stderr. Needs the package ${PACKAGE}.`,
  ],
  arguments: [
    { name: 'file', description: 'a SQLite file' },
    { name: 'files', description: 'further SQLite files', rest: true },
  ],
  options: {
    write: { type: 'boolean', description: 'let clients add, change and delete documents' },
    port: { type: 'string', value: 'n', description: 'serve HTTP at this port; 0 for a free one' },
    model: {
      type: 'string',
      value: 'name',
      description: 'the name of the model that embeds (that of the dataset)',
    },
    ...EMBEDDER_OPTIONS,
    'max-rows': {
      type: 'string',
      value: 'n',
      description: 'documents in a request or an answer, at most (50)',
    },
    'max-bytes': {
      type: 'string',
      value: 'n',
      description: 'bytes of an answer, at most (100000)',
    },
    ...DATABASE_OPTIONS,
  },
  examples: [
    { line: 'mcp docs.sqlite --embed-command ./embed.py', says: 'search a file, read-only' },
    { line: 'mcp memory.sqlite --write', says: 'the memory of an agent, found by its words' },
    { line: 'mcp docs.sqlite notes.sqlite --port 7700', says: 'two files, over HTTP' },
  ],
  run: async context => {
    const server = await loadPackage('package', PACKAGE, () => import('../../entries/mcp.ts'))
    const paths = [context.arg('file'), ...context.rest]
    const files = paths.map(path => servedFile(context, path))
    const token = tokenOf(context)
    const options = await optionsOf(context, files)
    try {
      // Reports a file that cannot be served before a client connects.
      for (const file of files) await file.connection()
      const create = (): ReturnType<typeof server.createServer> => server.createServer(options)
      create()
      if (token === undefined) await server.serveStdio(create(), { signal: context.signal })
      else await serveHttp(context, server, create, token)
      return EXIT.ok satisfies ExitCode
    } finally {
      for (const file of files) file.close()
    }
  },
}

function servedFile(context: Context, path: string): ServedFile {
  const readonly = !context.flags.on('write')
  return new ServedFile(path, async () => {
    const create = !readonly && !existsSync(path)
    const db = await openFile(context, path, { create, readonly })
    try {
      if (create) createTable(db)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

function createTable(db: Connection): void {
  // Another server may be creating it at this moment.
  db.exec(
    'CREATE VIRTUAL TABLE IF NOT EXISTS docs USING vec(doc_id, text=content, tokenize=porter)',
  )
}

async function optionsOf(
  context: Context,
  files: readonly ServedFile[],
): Promise<McpServerOptions> {
  const { flags } = context
  const given = await embedderOf(context)
  if (flags.has('model') && given === undefined) {
    throw usageError(
      '--model names the model of an embedder, and none was given',
      'add --embed, --embed-command or --embed-url, or omit --model',
    )
  }
  if (flags.has('embed-url') && given?.model === undefined) {
    throw usageError(
      '--embed-url needs the name of a model',
      'add --model, for example --model nomic-embed-text',
    )
  }
  const maxRows = flags.integer('max-rows', 1, 1000) ?? 50
  const maxBytes = flags.integer('max-bytes', BYTES_OF_NAMES, 8_000_000) ?? 100_000
  const least = BYTES_OF_NAMES + maxRows * BYTES_A_ROW
  if (maxBytes < least) {
    throw usageError(
      `--max-bytes ${maxBytes} is too small for --max-rows ${maxRows}`,
      `give at least ${least} bytes, or fewer rows`,
    )
  }
  const names = files.map(({ path }) => basename(path))
  return {
    sources: files.map((file, i) => ({
      name: names.indexOf(names[i]) === names.lastIndexOf(names[i]) ? names[i] : file.path,
      db: () => file.connection(),
    })),
    write: flags.on('write'),
    embed: given?.embed,
    model: given?.model,
    maxRows,
    maxBytes,
  }
}

/** The token of HTTP; undefined for stdio. */
function tokenOf({ flags }: Context): string | undefined {
  if (!flags.has('port')) return undefined
  const given = process.env[TOKEN_VARIABLE]
  if (given === undefined) return randomBytes(24).toString('base64url')
  if (new RegExp(`^[\\x21-\\x7e]{${LEAST_TOKEN},}$`).test(given)) return given
  throw usageError(
    `${TOKEN_VARIABLE} must have at least ${LEAST_TOKEN} printable ASCII characters without blanks`,
    `set a longer one, for example that of: openssl rand -hex 24`,
  )
}

async function serveHttp(
  context: Context,
  server: ServerModule,
  create: () => ReturnType<ServerModule['createServer']>,
  token: string,
): Promise<void> {
  const { signal } = context
  const port = context.flags.integer('port', 0, 65_535)
  const serving = await listening(server, { server: create, token, port })
  const shown = process.env[TOKEN_VARIABLE] === undefined ? { token } : {}
  if (context.json) await context.printJson({ url: serving.url, ...shown })
  else {
    await context.note(`serving ${serving.url}`)
    if ('token' in shown) await context.note(`token ${token}`)
  }
  await new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  serving.close()
}

async function listening(
  server: ServerModule,
  options: Parameters<ServerModule['serveHttp']>[0],
): ReturnType<ServerModule['serveHttp']> {
  try {
    return await server.serveHttp(options)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new CliError(
      'CLI_INPUT',
      `cannot serve at port ${String(options.port)} (${code ?? message})`,
      { hint: 'choose another --port; 0 picks a free one', cause },
    )
  }
}
