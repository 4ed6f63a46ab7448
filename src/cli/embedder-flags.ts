import type { EmbedFunc } from '../entries/vecutil.ts'
import { usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'
import { embedCommand } from './embed-command.ts'
import { embedEndpoint } from './embed-endpoint.ts'
import type { Flags } from './flags.ts'
import { staticModel } from './static-model.ts'

const DEFAULT_RETRIES = 6
const DEFAULT_KEY_VARIABLE = 'OPENAI_API_KEY'

/** A model in this process. */
export const MODEL_OPTION: CommandOptions[string] = {
  type: 'string',
  value: 'model',
  description: "embed by a static model: a folder, or 'static' for sqlite-vec-ts-embedder",
}

/** A model in this process, or a command that embeds texts. */
export const EMBED_OPTIONS: CommandOptions = {
  embed: MODEL_OPTION,
  'embed-command': {
    type: 'string',
    value: 'command',
    description: 'a command that turns a JSON array of texts on stdin into vectors',
  },
}

/** Also an endpoint that embeds texts. */
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

/** What embeds texts, and the name of its model: that of `--model`, or else the one that the model itself has. */
export interface GivenEmbedder {
  readonly embed: EmbedFunc
  readonly model: string | undefined
}

/** The embedder of the flags; undefined if they name none. `model`: its name without the flag `--model`. */
export async function embedderOf(
  { flags }: Context,
  model?: string,
): Promise<GivenEmbedder | undefined> {
  const named = flags.text('model') ?? model
  const given = ['embed', 'embed-command', 'embed-url'].filter(flag => flags.has(flag))
  if (given.length > 1) throw usageError(`--${given.join(' and --')} contradict each other`)
  const folder = flags.text('embed')
  if (folder !== undefined) {
    const { embed, name } = await staticModel(folder)
    return { embed, model: named ?? name }
  }
  const command = flags.text('embed-command')
  if (command !== undefined) return { embed: embedCommand(command), model: named }
  const embed = endpointOf(flags, named)
  return embed && { embed, model: named }
}

function endpointOf(flags: Flags, model: string | undefined): EmbedFunc | undefined {
  const url = flags.text('embed-url')
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
