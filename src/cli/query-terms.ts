import { decodeEmbedding } from '../core/embedding.ts'
import { encodeEmbedding } from '../entries/main.ts'
import { parseVectorText } from '../entries/vector.ts'
import { embedText, type EmbedFunc } from '../entries/vecutil.ts'
import { inputError, usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'
import { embedderOf, EMBED_OPTIONS } from './embedder-flags.ts'

/** The terms that rank the documents: a vector, words, or both. */
export interface QueryTerms {
  readonly vector: Float32Array | undefined
  readonly words: string | undefined
}

export const TERM_OPTIONS: CommandOptions = {
  text: {
    type: 'string',
    value: 'words',
    description: 'search for words, in a table with a text index; - is stdin',
  },
  hybrid: { type: 'boolean', description: 'rank by vector and by words, and fuse both rankings' },
  ...EMBED_OPTIONS,
}

/** Reads and embeds the argument <vector> and the related flags. */
export async function queryTerms(context: Context): Promise<QueryTerms> {
  const { flags } = context
  const argument = context.args.get('vector')
  const text = flags.text('text')
  const embed = (await embedderOf(context))?.embed
  if (flags.on('hybrid')) {
    requireBoth(argument, text, embed)
    const [given, words] = [await read(context, argument), await read(context, text)]
    const [first, second] = [given ?? words!, words ?? given!]
    return { vector: await vectorOf(context, first, embed), words: requireText(second) }
  }
  if (text === undefined) {
    if (argument === undefined) {
      throw usageError(
        'svec query: <vector> is missing',
        "give a vector, or words to search for: --text 'words'",
      )
    }
    const given = (await read(context, argument))!
    return { vector: await vectorOf(context, given, embed), words: undefined }
  }
  if (argument !== undefined) {
    throw usageError('--text and a vector were given', 'add --hybrid to rank by both')
  }
  if (embed !== undefined) {
    throw usageError(
      '--text searches for words, and does not embed them',
      'add --hybrid to rank by words and by their embedding, or give the text without --text to rank by its embedding',
    )
  }
  return { vector: undefined, words: requireText((await read(context, text))!) }
}

function requireBoth(
  argument: string | undefined,
  text: string | undefined,
  embed: EmbedFunc | undefined,
): void {
  if (argument === '-' && text === '-') {
    throw usageError('stdin cannot be both the vector and the words')
  }
  if (argument === undefined && text === undefined) {
    throw usageError(
      '--hybrid needs a vector and words',
      "for example '[0.2, 1]' --text 'words' --hybrid",
    )
  }
  // With an embedder, one text serves as both.
  if (embed !== undefined) return
  if (argument === undefined) {
    throw usageError(
      '--hybrid needs a vector beside the words',
      'give the vector as an argument, or what embeds the words: --embed static, or --embed-command',
    )
  }
  if (text === undefined) {
    throw usageError('--hybrid needs words beside the vector', "add --text 'words'")
  }
}

async function read(context: Context, given: string | undefined): Promise<string | undefined> {
  return given === '-' ? context.readStdin() : given
}

function requireText(text: string): string {
  if (text.trim() === '') throw inputError('the text is empty')
  return text
}

async function vectorOf(
  { signal }: Context,
  text: string,
  embed: EmbedFunc | undefined,
): Promise<Float32Array> {
  if (embed !== undefined) {
    return decodeEmbedding(await embedText(embed, requireText(text), { signal }))
  }
  try {
    // Throws for a vector that no table can store.
    return decodeEmbedding(encodeEmbedding(parseVectorText(text)))
  } catch (error) {
    const looksLikeText = /[a-z]{2}/i.test(text) && !text.trim().startsWith('[')
    throw inputError(
      `cannot parse the vector: ${(error as Error).message}`,
      looksLikeText
        ? 'to search for a text, name what embeds it: --embed static, or --embed-command; for its words alone: --text'
        : "'[0.1, 0.2]', '0.1, 0.2', or base64 of float32",
    )
  }
}
