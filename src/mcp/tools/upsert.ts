import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import type { Check } from '../../core/check-options.ts'
import type { CollectionDocument } from '../../documents/collection/given-documents.ts'
import { BYTES_OF_NAMES, label } from '../budget.ts'
import { Embedder } from '../embedder.ts'
import type { McpSettings } from '../mcp-options.ts'
import { ADDRESS, textUpTo } from '../parameters.ts'
import { RequestError } from '../remedy.ts'
import type { ToolCall, VecTool } from '../tool.ts'
import { collectionOf, modelOf, type Address, type Place } from '../workspace.ts'
import { nameOf } from './search.ts'

type Given = Omit<CollectionDocument, 'id'> & { readonly id?: string }

interface UpsertArguments extends Address {
  readonly documents: readonly Given[]
}

export function upsertTool({ maxRows, embed }: McpSettings): VecTool {
  return {
    name: 'upsert',
    description: `Adds documents, or replaces those with the same id, all or none; returns their ids. A field that is absent keeps its value. ${embed ? 'Contents are embedded.' : 'Contents are found by their words if the table has a text index.'}`,
    writes: true,
    destroys: true,
    required: ['documents'],
    parameters: {
      documents: [
        {
          type: 'array',
          minItems: 1,
          maxItems: maxRows,
          items: {
            type: 'object',
            properties: {
              id: { type: 'string', description: 'optional: a new id by default' },
              content: { type: 'string' },
              meta: { type: 'object', description: 'facts to filter by' },
              vector: { type: 'array', items: { type: 'number' } },
            },
            additionalProperties: false,
          },
        },
        documentList(maxRows),
      ],
      ...ADDRESS,
      dataset: [
        { type: 'string', description: 'a dataset, which may be new; optional if there is one' },
        textUpTo(LONGEST_DATASET),
      ],
    },
    run: call => upsert(call as ToolCall<UpsertArguments & Readonly<Record<string, unknown>>>),
  }
}

const LONGEST_ID = 500
const LONGEST_DATASET = 200
const checkId = textUpTo(LONGEST_ID)

/** The collection checks the fields of each document. */
function documentList(most: number): Check {
  return (where, name, value) => {
    const expected = `an array of 1 to ${most} documents`
    if (!Array.isArray(value)) throw argumentError(where, name, value, expected)
    if (value.length === 0 || value.length > most) {
      throw new RangeError(`${where}: ${name} has ${value.length} values: expected ${expected}`)
    }
    for (const [i, document] of value.entries()) {
      requirePlainObject(where, `${name}[${i}]`, document, 'a document, an object')
      const { id, content } = document as { id?: unknown; content?: unknown }
      if (id !== undefined) checkId(where, `${name}[${i}].id`, id)
      if (content === undefined || content === null || typeof content === 'string') continue
      throw argumentError(where, `${name}[${i}].content`, content, 'a string')
    }
  }
}

async function upsert({ args, workspace, signal }: ToolCall<UpsertArguments>): Promise<object> {
  const { embed, model: named, maxBytes } = workspace.settings
  const first = await workspace.findOrCreate(args)
  const model = embed && (named ?? modelOf(first))
  const given = args.documents.map(document => ({
    ...document,
    id: document.id ?? globalThis.crypto.randomUUID(),
  }))
  // A content without a vector, which is embedded or found by its words.
  const texts = given.filter(
    ({ content, vector }) => typeof content === 'string' && vector === undefined,
  )
  if (!embed && texts.length > 0) requireTextIndex(first)
  const vectors = embed
    ? await Embedder.of(embed).vectors(
        texts.map(({ content }) => content!),
        signal,
      )
    : texts.map(() => null)
  const byText = new Map(texts.map((document, i) => [document, vectors[i]]))
  const place = await workspace.findOrCreate(args)
  collectionOf(place, model).upsertSync(
    given.map(document => {
      const vector = byText.get(document)
      return vector === undefined ? document : { ...document, vector }
    }),
  )
  // The documents are written: the answer must not fail any more.
  const bytes = Math.floor((maxBytes - BYTES_OF_NAMES) / given.length) - 1
  return { ...nameOf(place), ids: given.map(({ id }) => label(id, bytes)) }
}

/** Without a vector and a text index, no search would find the document. */
function requireTextIndex({ table }: Place): void {
  if (table.text !== undefined) return
  throw new RequestError(
    `upsert: a content without a vector, in a server without an embed function and in the table ${table.name} without a text index`,
    'give a vector, or start svec mcp with --embed, --embed-command or --embed-url',
  )
}
