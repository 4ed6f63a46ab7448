// The page alone, without a server: files stay in the browser.

import { showNamed, showWelcome } from './welcome.ts'

const app = document.querySelector('#app')!
const name = decodeURIComponent(globalThis.location.hash.slice(1))
await (name === '' ? showWelcome(app) : showNamed(app, name))
