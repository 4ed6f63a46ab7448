import { describeTable, vecTableNames, type TableDescription } from '../../tables/describe-table.ts'
import { label, sizeOf } from '../budget.ts'
import type { McpSettings } from '../mcp-options.ts'
import { ADDRESS } from '../parameters.ts'
import type { ToolCall, VecTool } from '../tool.ts'
import type { Address } from '../workspace.ts'
import { LONGEST_NAME } from './search.ts'

export function statsTool(): VecTool {
  const { file } = ADDRESS
  return {
    name: 'stats',
    description:
      'Shows what there is: files, tables, datasets with their rows, dimension and model, columns for filters, and which searches are possible.',
    writes: false,
    destroys: false,
    required: [],
    parameters: { file },
    run: call => stats(call),
  }
}

async function stats({ args, workspace }: ToolCall<Address>): Promise<object> {
  const { settings } = workspace
  const opened = await workspace.open(args.file)
  const files = opened.map(({ file, db }) => ({
    file,
    tables: vecTableNames(db).map(name => describeTable(db, name)),
  }))
  // Fewer names, until they fit.
  for (let most = settings.maxRows; ; most = Math.floor(most / 2)) {
    const answer = {
      writable: settings.write,
      embedsTexts: settings.embed !== undefined,
      limits: { rows: settings.maxRows, bytes: settings.maxBytes },
      files: files.slice(0, most).map(({ file, tables }) => ({
        file: label(file, LONGEST_NAME),
        tables: tables.slice(0, most).map(table => tableOf(table, most, settings)),
        moreTables: more(tables.length - most),
      })),
      moreFiles: more(files.length - most),
    }
    if (most === 0 || sizeOf(answer) <= settings.maxBytes) return answer
  }
}

function tableOf(
  { name, metric, text, declared, datasets, problem }: TableDescription,
  most: number,
  { embed }: McpSettings,
): object {
  return {
    table: label(name, LONGEST_NAME),
    metric,
    searches: [
      'vector',
      ...(text ? ['text', 'hybrid'] : []),
      ...(embed && !text ? ['text by its vector'] : []),
    ],
    columns: declared
      .slice(0, most)
      .map(({ name: column, type }) => `${label(column, LONGEST_NAME)} ${type}`),
    datasets: datasets.slice(0, most).map(({ name: dataset, rows, dim, model }) => ({
      dataset: label(dataset, LONGEST_NAME),
      rows,
      dimension: dim,
      model: model && label(model, LONGEST_NAME),
    })),
    moreDatasets: more(datasets.length - most),
    problem,
  }
}

/** How many are not shown; absent if all are. */
function more(count: number): number | undefined {
  return count > 0 ? count : undefined
}
