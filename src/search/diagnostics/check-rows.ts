import { metricOf } from '../../core/metric.ts'
import { rows, rowsHave } from '../../core/row-sample.ts'
import { quoteText } from '../schema/names.ts'
import { EMBEDDING_IS_TEXT, META_IS_NO_JSON, type Census } from './census.ts'
import type { Inspected } from './defect.ts'
import { finding, type Finding } from './finding.ts'

/** What is to be said of the rows themselves. Nothing but new rows mends them: each remedy lists those concerned. */
export function checkRows({ searcher }: Inspected, dataset: string, counted: Census): Finding[] {
  const { shadow } = searcher
  const { dim, otherDimension, notFinite } = counted
  const select = (condition: string, columns = 'id'): string =>
    `SELECT ${columns} FROM ${shadow.sql} WHERE dataset_id = ${quoteText(dataset)} ${shadow.visible} AND ${condition}`.replaceAll(
      '  ',
      ' ',
    )
  const found: Finding[] = []
  const say = (severity: Finding['severity'], topic: string, op: string, remedy?: string): void => {
    found.push(finding(severity, topic, op, { dataset, remedy }))
  }
  const bytes = 'CAST(embedding AS BLOB)'
  if (otherDimension.count > 0) {
    say(
      'error',
      'dimension',
      `${rowsHave(otherDimension.count)} another dimension than the ${dim} numbers of the dataset's first vector, and cannot be found (${otherDimension.shown}): embed the rows of the remedy anew`,
      select(
        `length(embedding) > 0 AND length(${bytes}) % 4 = 0 AND length(${bytes}) <> ${dim * 4}`,
        `id, length(${bytes}) / 4 AS dimension`,
      ),
    )
  }
  if (counted.malformed > 0) {
    say(
      'error',
      'length',
      `${rowsHave(counted.malformed)} an embedding that is no vector of float32, and cannot be found: embed the rows of the remedy anew`,
      select(
        `embedding IS NOT NULL AND (typeof(embedding) NOT IN ('blob', 'text') OR length(${bytes}) % 4 <> 0)`,
      ),
    )
  }
  if (counted.texts > 0) {
    say(
      'warning',
      'text',
      `${rowsHave(counted.texts)} an embedding stored as text, whose bytes are taken for float32 as the original takes them: store a BLOB, which vec_f32('[0.1, 0.2]') makes of text`,
      select(EMBEDDING_IS_TEXT, 'id, embedding'),
    )
  }
  if (notFinite.count > 0) {
    const ids = notFinite.ids.map(quoteText).join(', ')
    const first = notFinite.count > notFinite.ids.length ? ` the first ${notFinite.ids.length}` : ''
    say(
      'error',
      'not-finite',
      `${rowsHave(notFinite.count)} NaN or infinity in the embedding, and cannot be found (${notFinite.shown}): embed${first} anew`,
      select(`id IN (${ids})`),
    )
  }
  if (counted.unnamed > 0) {
    say(
      'error',
      'ids',
      `${rowsHave(counted.unnamed)} an id that is no text, and cannot be found: give them an id of text`,
      select(`typeof(id) <> 'text'`),
    )
  }
  if (counted.models.size > 1) {
    const models = Array.from(counted.models, ([model, count]) => `'${model}' (${rows(count)})`)
    say(
      'warning',
      'models',
      `the embeddings are of ${counted.models.size} models, whose scores cannot be compared: ${models.slice(0, 5).join(', ')}: embed all with one`,
      select(`length(embedding) > 0 AND embedding_model <> ''`, 'embedding_model, count(*)').concat(
        ' GROUP BY embedding_model',
      ),
    )
  }
  if (counted.unembedded > 0) {
    say('info', 'unembedded', `${rowsHave(counted.unembedded)} no embedding, and cannot be found`)
  }
  if (counted.archived > 0) {
    say('info', 'archived', `${rows(counted.archived)} with archived = 1 hidden`)
  }
  // Plain words in every meta are a choice; a few among JSON are a trap for every filter.
  const { json, other } = counted.metas
  if (other > 0) {
    say(
      json > 0 ? 'warning' : 'info',
      'meta',
      `${rowsHave(other)} a meta that is not JSON, so that json_extract(meta, ...) fails for the whole query: correct the rows of the remedy, or filter with CASE WHEN json_valid(meta) THEN json_extract(meta, ...) END`,
      select(META_IS_NO_JSON, 'id, meta'),
    )
  }
  const unfound = metricOf(searcher.recipe.metric).directional ? counted.zeros : 0
  if (unfound > 0) {
    say(
      'info',
      'zeros',
      `${rowsHave(unfound)} a vector of length zero, which has no direction and cannot be found by ${searcher.recipe.metric}`,
    )
  }
  const what = counted.dim === 0 ? 'no vectors' : `vectors of ${counted.dim} numbers`
  say(
    found.some(({ severity }) => severity === 'error') ? 'info' : 'ok',
    'rows',
    `${rows(counted.members - unfound)} can be found: ${what}`,
  )
  return found
}
