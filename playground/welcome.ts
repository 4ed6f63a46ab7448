import { deleteDatabase, listDatabases, persistStorage } from 'sqlite-vec-ts/browser'
import { button, download, el, fill } from './dom.ts'
import { openFile } from './open-file.ts'
import { openSample } from './sample.ts'
import { attempt, complain, say, statusElements } from './status.ts'
import { WorkerSource } from './worker-source.ts'
import { showWorkspace, type WorkspaceAction } from './workspace.ts'

/** The first screen: a file to drop, a sample, and the databases that this browser keeps from earlier visits. */
export async function showWelcome(app: Element): Promise<void> {
  document.title = 'svec: look at vectors'
  const input = el('input', {
    type: 'file',
    id: 'file-input',
    onchange: () => {
      const [file] = input.files ?? []
      if (file !== undefined) void take(async () => openFile(file), `reading ${file.name} …`)
    },
  })
  const drop = el(
    'label',
    { className: 'drop', htmlFor: 'file-input', id: 'drop' },
    el('b', {}, 'Drop a file here, or choose one'),
    el(
      'span',
      {},
      'SQLite, JSONL, JSON, CSV, TSV or .npy. It stays in this browser: nothing leaves the machine.',
    ),
    input,
  )
  drop.addEventListener('dragover', event => {
    event.preventDefault()
    drop.classList.add('over')
  })
  drop.addEventListener('dragleave', () => drop.classList.remove('over'))
  drop.addEventListener('drop', event => {
    event.preventDefault()
    drop.classList.remove('over')
    const [file] = event.dataTransfer?.files ?? []
    if (file !== undefined) void take(async () => openFile(file), `reading ${file.name} …`)
  })

  async function take(open: () => Promise<WorkerSource>, busy: string): Promise<void> {
    await attempt(busy, async () => show(app, await open()))
  }

  const kept = el('ul', { className: 'kept', set: { 'aria-label': 'Kept in this browser' } })
  fill(
    app,
    el(
      'div',
      { className: 'welcome' },
      el('h1', {}, 'svec'),
      el(
        'p',
        {},
        'Look at the vectors in a file: a map, searches, duplicates, and the health of the indexes.',
      ),
      drop,
      button(
        'Use the sample: 1,500 English words',
        () => take(openSample, 'loading the sample …'),
        { id: 'sample' },
      ),
      kept,
      ...statusElements,
    ),
  )
  // The rest of the page does not wait for the storage of the browser.
  for (const name of await listDatabases()) {
    const entry = el(
      'li',
      {},
      button(name, () => take(async () => WorkerSource.open(name), `opening ${name} …`)),
      button(
        'Delete',
        () =>
          attempt('deleting …', async () => {
            await deleteDatabase(name)
            entry.remove()
            say(`${name} is deleted`)
          }),
        { className: 'quiet', set: { 'aria-label': `Delete ${name}` } },
      ),
    )
    kept.append(entry)
  }
}

async function show(app: Element, source: WorkerSource): Promise<void> {
  // Without leave to keep it, a browser may delete the file when space runs out.
  void persistStorage().catch(complain)
  history.replaceState(null, '', `#${encodeURIComponent(source.name)}`)
  const actions: WorkspaceAction[] = [
    {
      label: 'Save file',
      run: async () => {
        download(
          source.name,
          [(await source.export()) as Uint8Array<ArrayBuffer>],
          'application/vnd.sqlite3',
        )
      },
    },
    {
      label: 'Other file',
      run: async () => {
        await source.close()
        history.replaceState(null, '', '#')
        await showWelcome(app)
      },
    },
  ]
  await showWorkspace(app, source, actions)
}

/** Opens the database that the address names, as after a reload. */
export async function showNamed(app: Element, name: string): Promise<void> {
  if (!(await listDatabases()).includes(name)) return showWelcome(app)
  try {
    await show(app, await WorkerSource.open(name))
  } catch (error) {
    await showWelcome(app)
    complain(error)
  }
}
