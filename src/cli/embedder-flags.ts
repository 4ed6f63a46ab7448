import type { EmbedFunc } from '../entries/vecutil.ts'
import { usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'
import { EMBED_OPTIONS, embedCommand } from './embed-command.ts'
import { embedEndpoint } from './embed-endpoint.ts'

const DEFAULT_RETRIES = 6
const DEFAULT_KEY_VARIABLE = 'OPENAI_API_KEY'

/** A command or an endpoint that embeds texts. */
export const EMBEDDER_OPTIONS: CommandOptions = {
  ...EMBED_OPTIONS,
  'embed-url': {
    type: 'string',
    value: 'url',
    description: 'an OpenAI-compatible endpoint, instead of a command',
  },
  'api-key-env': {
    type: 'string',
    value: 'name',
    description: `the environment variable with the key of the endpoint (${DEFAULT_KEY_VARIABLE})`,
  },
  rate: { type: 'string', value: 'n', description: 'at most so many requests in a minute' },
  retries: {
    type: 'string',
    value: 'n',
    description: `how often a request is tried again (${DEFAULT_RETRIES})`,
  },
}

/** The embed function of the flags; undefined if they name none. */
export function embedderOf({ flags }: Context, model: string | undefined): EmbedFunc | undefined {
  const command = flags.text('embed-command')
  const url = flags.text('embed-url')
  if (command !== undefined && url !== undefined) {
    throw usageError('--embed-command and --embed-url contradict each other')
  }
  if (command !== undefined) return embedCommand(command)
  if (url === undefined) return undefined
  if (!/^https?:\/\//.test(url)) throw usageError(`--embed-url '${url}' is not a URL`)
  const variable = flags.text('api-key-env')
  const apiKey = process.env[variable ?? DEFAULT_KEY_VARIABLE]
  if (variable !== undefined && apiKey === undefined) {
    throw usageError(`--api-key-env ${variable}: there is no such environment variable`)
  }
  return embedEndpoint({
    url,
    model: model ?? '',
    apiKey,
    rate: flags.integer('rate', 1),
    retries: flags.integer('retries', 0) ?? DEFAULT_RETRIES,
  })
}
