// The page as `svec ui` serves it: the address has the token after a #.

import { el, fill } from './dom.ts'
import { HttpSource } from './http-source.ts'
import { showWorkspace } from './workspace.ts'

const app = document.querySelector('#app')!
try {
  await showWorkspace(app, await HttpSource.open(globalThis.location.hash.slice(1)), [])
} catch (error) {
  const { message, hint } = error as Error & { hint?: string }
  fill(
    app,
    el(
      'div',
      { className: 'welcome' },
      el('h1', {}, 'svec'),
      el('p', { className: 'trouble' }, message),
      el('p', {}, hint ?? ''),
    ),
  )
}
