import { describeTable, vecTableNames } from '../../tables/describe-table.ts'
import type { McpSettings } from '../mcp-options.ts'
import { ADDRESS } from '../parameters.ts'
import type { ToolCall, VecTool } from '../tool.ts'
import type { Address, Workspace } from '../workspace.ts'

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
  return {
    writable: settings.write,
    embedsTexts: settings.embed !== undefined,
    limits: { rows: settings.maxRows, bytes: settings.maxBytes },
    files: opened.map(({ file, db }) => fileOf(file, db, settings)),
  }
}

type Opened = Awaited<ReturnType<Workspace['open']>>[number]

function fileOf(file: string, db: Opened['db'], { maxRows, embed }: McpSettings): object {
  const tables = vecTableNames(db)
  return {
    file,
    tables: tables.slice(0, maxRows).map(name => {
      const { metric, text, declared, datasets, problem } = describeTable(db, name)
      return {
        table: name,
        metric,
        searches: [
          'vector',
          ...(text ? ['text', 'hybrid'] : []),
          ...(embed && !text ? ['text by its vector'] : []),
        ],
        columns: declared.map(({ name: column, type }) => `${column} ${type}`),
        datasets: datasets.slice(0, maxRows).map(({ name: dataset, rows, dim, model }) => ({
          dataset,
          rows,
          dimension: dim,
          model,
        })),
        moreDatasets: more(datasets.length - maxRows),
        problem,
      }
    }),
    moreTables: more(tables.length - maxRows),
  }
}

/** How many are not shown; absent if all are. */
function more(count: number): number | undefined {
  return count > 0 ? count : undefined
}
