import type { Source } from '../src/ui/contract.ts'
import { button, el, fill } from './dom.ts'
import { mapPanel } from './map-panel.ts'
import { searchPanel } from './search-panel.ts'
import { Session } from './session.ts'
import { attempt, statusElements } from './status.ts'
import { tablesPanel } from './tables-panel.ts'

/** Buttons that only some sources have. */
export interface WorkspaceAction {
  readonly label: string
  run(this: void): Promise<unknown>
}

/** Shows a database: its tables, the map of a dataset, and searches. */
export async function showWorkspace(
  app: Element,
  source: Source,
  actions: readonly WorkspaceAction[],
): Promise<void> {
  const file = await source.call('describe')
  const session = new Session(source, file)
  document.title = `${source.name} – svec`
  fill(
    app,
    el(
      'header',
      {},
      el('h1', {}, 'svec'),
      el('b', { id: 'file' }, source.name),
      el('span', { className: 'badge' }, source.writable ? 'can repair' : 'read only'),
      ...actions.map(({ label, run }) => button(label, () => attempt(`${label} …`, run))),
      ...statusElements,
    ),
    el('main', {}, tablesPanel(session, file), mapPanel(session), searchPanel(session)),
  )
  const first = file.tables.flatMap(({ name, datasets }) =>
    datasets.map(({ name: dataset, rows = 0 }) => ({ table: name, dataset, rows })),
  )
  const [largest] = first.toSorted((a, b) => b.rows - a.rows)
  if (largest === undefined) return
  const { table, dataset } = largest
  await attempt(`reading ${dataset} …`, () => session.open({ table, dataset }))
}
