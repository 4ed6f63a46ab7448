import { checkOptions } from '../../core/check-options.ts'
import { requireId } from '../document-fields.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import { readIds } from './given-documents.ts'
import { readInclude } from './included.ts'
import type { Included } from './included.ts'
import { idBytes, partsByKey } from './stored-document.ts'
import type { StoredDocument } from './stored-document.ts'

export interface GetOptions {
  /** Default: ['content', 'meta']. */
  readonly include?: readonly Included[] | undefined
}

const GET = 'get()'

/** The document with an id; undefined if there is none. */
export function getDocument<M>(
  handle: DatasetHandle,
  id: string,
  options: GetOptions,
): StoredDocument<M> | undefined {
  requireId(id, 'the document', GET)
  return reader<M>(handle, options)(id)
}

/** The documents with these ids, in their order. */
export function getDocuments<M>(
  handle: DatasetHandle,
  ids: readonly string[],
  options: GetOptions,
): (StoredDocument<M> | undefined)[] {
  readIds(GET, ids)
  const read = reader<M>(handle, options)
  return handle.open().shadow.inSnapshot(() => ids.map(read))
}

function reader<M>(
  handle: DatasetHandle,
  options: GetOptions,
): (id: string) => StoredDocument<M> | undefined {
  checkOptions(GET, options, { include: () => undefined })
  const parts = readInclude(GET, options.include)
  const table = handle.open()
  return id => {
    const found = partsByKey<M>(table, handle.dataset, idBytes(id), parts)
    return found && { id, ...found }
  }
}
