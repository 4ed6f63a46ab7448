import type { Resource } from '@modelcontextprotocol/sdk/types.js'
import { stringifyJson } from '../core/exact-json.ts'
import { describeTable, vecTableNames } from '../tables/describe-table.ts'
import { Budget } from './budget.ts'
import { RequestError } from './remedy.ts'
import { collectionOf, type Place, type Workspace } from './workspace.ts'

/** Each part of the path is percent-encoded. */
export const URI_TEMPLATE = 'svec://{file}/{table}/{dataset}/{id}'

/** Documents with a longer URI are not listed. They can be read. */
const LONGEST_URI = 1000

/** One page of the documents of all datasets. A page has documents of one dataset. */
export async function listResources(
  workspace: Workspace,
  cursor: string | undefined,
): Promise<{ readonly resources: Resource[]; readonly nextCursor?: string }> {
  let [at, within] = cursor === undefined ? [0, undefined] : readCursor(cursor)
  const places = await placesOf(workspace)
  for (; at < places.length; at++, within = undefined) {
    const place = places[at]
    const { maxRows: limit } = workspace.settings
    const page = collectionOf(place).list({ limit, cursor: within, include: [] })
    const after = page.cursor === undefined ? [at + 1] : [at, page.cursor]
    const listed = page.documents.filter(({ id }) => uriOf(place, id).length <= LONGEST_URI)
    if (listed.length === 0 && page.cursor === undefined) continue
    return {
      resources: listed.map(({ id }) => ({
        uri: uriOf(place, id),
        name: id,
        description: `a document of the dataset ${place.dataset} in ${place.file}`,
        mimeType: 'text/plain',
      })),
      ...(after[0] === places.length ? {} : { nextCursor: btoa(JSON.stringify(after)) }),
    }
  }
  return { resources: [] }
}

/** The content of a document, and its metadata as JSON. */
export async function readResource(
  workspace: Workspace,
  uri: string,
): Promise<{ contents: { uri: string; mimeType: string; text: string }[] }> {
  const [file, table, dataset, id] = partsOf(uri)
  const place = await workspace.find({ file, table, dataset })
  const { maxBytes } = workspace.settings
  const shown = new Budget(maxBytes, 1).show(collectionOf(place), id)
  if (shown === undefined) {
    throw new RequestError(`there is no document ${uri.slice(0, LONGEST_URI)}`, LIST_THEM)
  }
  const { content, meta, truncated } = shown
  const facts = {
    ...(meta === undefined ? {} : { meta }),
    ...(truncated === undefined ? {} : { truncated }),
  }
  return {
    contents: [
      { uri, mimeType: 'text/plain', text: content ?? '' },
      ...(Object.keys(facts).length === 0
        ? []
        : [{ uri: `${uri}#meta`, mimeType: 'application/json', text: stringifyJson(facts) }]),
    ],
  }
}

const LIST_THEM = 'list the resources, or use the tool list, to see what there is'

async function placesOf(workspace: Workspace): Promise<Place[]> {
  const opened = await workspace.open()
  return opened.flatMap(({ file, db }) =>
    vecTableNames(db).flatMap(name => {
      const table = describeTable(db, name, { counts: false })
      return table.datasets.map(({ name: dataset }) => ({ file, db, table, dataset }))
    }),
  )
}

function uriOf({ file, table, dataset }: Place, id: string): string {
  return `svec://${[file, table.name, dataset, id].map(encodeURIComponent).join('/')}`
}

function partsOf(uri: string): string[] {
  const parts = /^svec:\/\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uri)
  try {
    if (parts) return parts.slice(1).map(decodeURIComponent)
  } catch {
    // A wrong escape sequence.
  }
  throw new RequestError(
    `'${uri.slice(0, LONGEST_URI)}' is not the URI of a document`,
    `expected ${URI_TEMPLATE}; ${LIST_THEM}`,
  )
}

function readCursor(cursor: string): [at: number, within: string | undefined] {
  try {
    const [at, within] = JSON.parse(atob(cursor)) as unknown[]
    const fits = within === undefined || typeof within === 'string'
    if (Number.isSafeInteger(at) && (at as number) >= 0 && fits) return [at as number, within]
  } catch {
    // Not a cursor at all.
  }
  throw new RequestError('the cursor is not one of a list of resources', 'list without a cursor')
}
