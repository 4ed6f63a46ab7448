import type { Filter } from '../../core/filter/filter.ts'
import { ADDRESS, FILTER, idList } from '../parameters.ts'
import { RequestError } from '../remedy.ts'
import type { ToolCall, VecTool } from '../tool.ts'
import { collectionOf, type Address } from '../workspace.ts'
import { nameOf } from './search.ts'

interface DeleteArguments extends Address {
  readonly ids?: readonly string[]
  readonly filter?: Filter
}

const MOST_IDS = 10_000

export function deleteTool(): VecTool {
  return {
    name: 'delete',
    description:
      'Deletes the documents with these ids, or those that match a filter, all or none; returns how many there were.',
    writes: true,
    destroys: true,
    required: [],
    parameters: {
      ids: [{ type: 'array', items: { type: 'string' }, minItems: 1 }, idList(MOST_IDS)],
      ...FILTER,
      ...ADDRESS,
    },
    run: call => remove(call),
  }
}

async function remove({ args, workspace }: ToolCall<DeleteArguments>): Promise<object> {
  const { ids, filter } = args
  if ((ids === undefined) === (filter === undefined)) {
    throw new RequestError(
      `delete: arguments has ${ids === undefined ? 'neither ids nor' : 'both ids and'} filter`,
      'expected one of them',
    )
  }
  const place = await workspace.find(args)
  const documents = collectionOf(place)
  const deleted =
    ids === undefined ? documents.delete({ filter: filter! }) : documents.delete({ ids })
  return { ...nameOf(place), deleted }
}
