import type { MetadataFilter, MetadataFilters } from '@llamaindex/core/vector-store'
import { argumentError, requireObject } from '../../core/argument-error.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { knownWord } from '../../core/known-word.ts'

type Value = string | number
type Translation = (value: Value & readonly Value[]) => object

/** A field matches only if it exists, whatever the operator, except `is_empty`. */
const exists = { $exists: true }
const element = (of: object): object => ({ $elemMatch: of })

/** The comparisons of a field for each operator of LlamaIndex. `any`, `all` and `contains` match arrays alone. */
const OPERATORS: Readonly<
  Record<Exclude<MetadataFilter['operator'], 'all' | 'is_empty'>, Translation>
> = {
  '==': value => ({ $eq: value }),
  '!=': value => ({ $ne: value, ...exists }),
  '>': value => ({ $gt: value }),
  '<': value => ({ $lt: value }),
  '>=': value => ({ $gte: value }),
  '<=': value => ({ $lte: value }),
  in: values => ({ $in: values }),
  nin: values => ({ $nin: values, ...exists }),
  any: values => element({ $in: values }),
  contains: value => element({ $eq: value }),
  text_match: text => ({ $contains: text }),
}
const ALL_OPERATORS = [...Object.keys(OPERATORS), 'all', 'is_empty']

/** The filters of LlamaIndex as one of ours. Values are checked when it is parsed. */
export function filterOfLlamaIndex(where: string, filters: MetadataFilters): Filter {
  requireObject(where, 'filters', filters, 'an object with filters and condition')
  const { filters: list, condition = 'and' } = filters
  if (!Array.isArray(list)) throw argumentError(where, 'filters.filters', list, 'an array')
  knownWord(`condition of ${where}`, condition, ['and', 'or'])
  const terms = list.map((filter, i) => termOf(where, `filters.filters[${i}]`, filter))
  return { [condition === 'or' ? '$or' : '$and']: terms } as Filter
}

function termOf(where: string, name: string, filter: MetadataFilter): object {
  requireObject(where, name, filter, 'an object with key, value and operator')
  const { key, value, operator } = filter
  if (typeof key !== 'string') throw argumentError(where, `${name}.key`, key, 'a string')
  knownWord(`operator of ${where}`, operator, ALL_OPERATORS)
  if (operator === 'is_empty') {
    return { $or: [{ [key]: null }, { [key]: '' }, { [key]: { $size: 0 } }] }
  }
  if (operator === 'all') {
    if (!Array.isArray(value)) throw argumentError(where, `${name}.value`, value, 'an array')
    if (value.length === 0) return { [key]: { $all: [] } }
    return { $and: value.map(one => ({ [key]: element({ $eq: one }) })) }
  }
  return { [key]: OPERATORS[operator](value as Value & readonly Value[]) }
}
