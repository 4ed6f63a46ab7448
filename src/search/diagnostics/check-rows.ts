import type { EmbeddingTypeName } from '../../core/embedding-type.ts'
import { metricOf } from '../../core/metric.ts'
import { rows, rowsHave } from '../../core/row-sample.ts'
import { quoteText } from '../schema/names.ts'
import { holdsBytes } from '../schema/stored-vector.ts'
import { isText, notJson, type DatasetStatistics } from './dataset-statistics.ts'
import { diagnostic, type Diagnostic } from './diagnostic.ts'
import type { Inspection } from './problem.ts'

const NAMES: Readonly<Record<EmbeddingTypeName, string>> = {
  f32: 'a float32',
  f16: 'a float16',
  int8: 'an int8',
}

/** Findings about the rows themselves. Only new rows correct them, so each fix lists the rows concerned. */
export function checkRows(
  { searcher }: Inspection,
  dataset: string,
  statistics: DatasetStatistics,
): Diagnostic[] {
  const { shadow } = searcher
  const { dim, otherDimension, notFinite } = statistics
  const { documents } = shadow
  const { idColumn: id, embedding } = documents
  const ofDataset = documents.datasetIs(dataset)
  const where = ofDataset === undefined ? '' : `${ofDataset} ${shadow.visible} AND `
  const select = (condition: string, columns = id): string =>
    `SELECT ${columns} FROM ${shadow.sql} WHERE ${where}${condition}`.replaceAll('  ', ' ')
  const found: Diagnostic[] = []
  const say = (severity: Diagnostic['severity'], topic: string, op: string, fix?: string): void => {
    found.push(diagnostic(severity, topic, op, { dataset, fix }))
  }
  const bytes = `CAST(${embedding} AS BLOB)`
  const { type } = shadow.refresh()
  if (otherDimension.count > 0) {
    say(
      'error',
      'dimension',
      `${rowsHave(otherDimension.count)} a different dimension than the dataset's first vector, ${dim}, and cannot be found (${otherDimension.shown}): embed the rows that the fix selects again`,
      select(
        `length(${embedding}) > 0 AND length(${bytes}) % ${type.bytes} = 0 AND length(${bytes}) <> ${dim * type.bytes}`,
        `${id}, length(${bytes}) / ${type.bytes} AS dimension`,
      ),
    )
  }
  if (statistics.malformed > 0) {
    say(
      'error',
      'length',
      `${rowsHave(statistics.malformed)} an embedding that is not ${NAMES[type.name]} vector, and cannot be found: embed the rows that the fix selects again`,
      select(
        `${embedding} IS NOT NULL AND (NOT ${holdsBytes(type, embedding)} OR length(${bytes}) % ${type.bytes} <> 0)`,
      ),
    )
  }
  if (statistics.texts > 0) {
    say(
      'warning',
      'text',
      `${rowsHave(statistics.texts)} an embedding stored as text, whose bytes are read as float32, as the original does: store a BLOB, as vec_f32('[0.1, 0.2]') returns it`,
      select(isText(embedding), `${id}, ${embedding}`),
    )
  }
  if (notFinite.count > 0) {
    const ids = notFinite.ids.map(quoteText).join(', ')
    const first = notFinite.count > notFinite.ids.length ? ` the first ${notFinite.ids.length}` : ''
    say(
      'error',
      'not-finite',
      `${rowsHave(notFinite.count)} NaN or infinity in the embedding, and cannot be found (${notFinite.shown}): embed${first} again`,
      select(`${id} IN (${ids})`),
    )
  }
  if (statistics.unnamed > 0) {
    say(
      'error',
      'ids',
      documents.roles.id.kind === 'integer'
        ? `${rowsHave(statistics.unnamed)} an id that is not an integer, and cannot be found: give them an integer`
        : `${rowsHave(statistics.unnamed)} an id that is not text, and cannot be found: give them a text id`,
      select(`NOT ${documents.named}`),
    )
  }
  if (statistics.models.size > 1) {
    const models = Array.from(statistics.models, ([model, count]) => `'${model}' (${rows(count)})`)
    say(
      'warning',
      'models',
      `the embeddings come from ${statistics.models.size} models, whose scores cannot be compared: ${models.slice(0, 5).join(', ')}: embed all with the same model`,
      select(`length(embedding) > 0 AND embedding_model <> ''`, 'embedding_model, count(*)').concat(
        ' GROUP BY embedding_model',
      ),
    )
  }
  if (statistics.unembedded > 0) {
    say('info', 'unembedded', `${rows(statistics.unembedded)} without an embedding cannot be found`)
  }
  if (statistics.archived > 0) {
    say('info', 'archived', `${rows(statistics.archived)} with archived = 1 hidden`)
  }
  // Plain words in every meta are a choice. A few among JSON are a trap for every filter.
  const { json, other } = statistics.metas
  if (other > 0) {
    say(
      json > 0 ? 'warning' : 'info',
      'meta',
      `${rowsHave(other)} a ${documents.roles.meta} that is not JSON, so that json_extract(${documents.roles.meta}, ...) fails for the whole query: correct the rows of the remedy, or filter with CASE WHEN json_valid(${documents.roles.meta}) THEN json_extract(${documents.roles.meta}, ...) END`,
      select(notJson(documents.meta!), `${id}, ${documents.meta}`),
    )
  }
  const unfound = metricOf(searcher.context.spec.metric).directional ? statistics.zeros : 0
  if (unfound > 0) {
    say(
      'info',
      'zeros',
      `${rowsHave(unfound)} a vector of length zero, which lacks a direction and cannot be found by ${searcher.context.spec.metric}`,
    )
  }
  const what = statistics.dim === 0 ? 'no vectors' : `vectors of ${statistics.dim} dimensions`
  say(
    found.some(({ severity }) => severity === 'error') ? 'info' : 'ok',
    'rows',
    `${rows(statistics.members - unfound)} can be found: ${what}`,
  )
  return found
}
