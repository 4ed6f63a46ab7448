import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { noChromium, storedBrowser } from './chromium.ts'
import { recipesOf } from './pages.ts'
import { Project } from './project.ts'

test(
  'a project of create-vite with the files of docs/runtimes/browser.md keeps its database',
  { skip: noChromium },
  async () => {
    const recipe = recipesOf('docs/runtimes/browser.md').find(({ title }) =>
      title.includes('vite'),
    )!
    using project = new Project('vite', 'create-vite')
    project.shell('node node_modules/create-vite/index.js my-app --template vanilla')
    const app = join(project.path, 'my-app')
    for (const file of ['index.html', 'src/main.js'])
      assert.ok(existsSync(join(app, file)), `create-vite makes no ${file}`)
    project.shell('mv node_modules my-app/')
    const sources = recipe.files.map(({ info, code }) => [info.split(' ')[1], code] as const)
    for (const [file, code] of sources) project.write(`my-app/${file}`, code)

    const port = await freePort()
    const url = `http://127.0.0.1:${port}/`
    const profile = join(project.path, 'profile')
    const seen = async (): Promise<string> => found(profile, url)
    assert.equal(await withVite(app, url, [], seen), 'east', 'vite')

    // The same page without its rows: they must come from the file.
    const [, main] = sources.find(([file]) => file === 'src/main.js')!
    const emptied = main.replace(/^await db\.batch.*$/m, '')
    assert.notEqual(emptied, main)
    project.write('my-app/src/main.js', emptied)
    assert.equal(project.shell('cd my-app && npx vite build --logLevel error'), '')
    assert.equal(
      await withVite(app, url, ['preview'], seen),
      'east',
      'vite preview, another browser',
    )
  },
)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Runs something while vite serves a folder. */
async function withVite<T>(
  app: string,
  url: string,
  command: string[],
  run: () => Promise<T>,
): Promise<T> {
  const where = ['--host', '127.0.0.1', '--port', new URL(url).port, '--strictPort']
  const vite = spawn(process.execPath, ['node_modules/vite/bin/vite.js', ...command, ...where], {
    cwd: app,
    env: { ...process.env, CI: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(vite, 'exit')
  const answers = async (): Promise<boolean> =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
  try {
    while (!(await answers())) {
      assert.equal(vite.exitCode, null, 'vite ended before it answered')
      await sleep(50)
    }
    return await run()
  } finally {
    vite.kill()
    await ended
  }
}

/** What the page shows in a browser that is started for it and closed, then after a reload. */
async function found(profile: string, url: string): Promise<string> {
  await using browser = await storedBrowser(profile)
  const page = await browser.open(url)
  const shown = async (): Promise<string> => {
    await page.waitForFunction(`document.querySelector('#found')?.textContent`)
    return page.evaluate(() => {
      const scope = globalThis as unknown as {
        document: { querySelector(selector: string): { textContent: string } }
      }
      return scope.document.querySelector('#found').textContent
    })
  }
  const first = await shown()
  await page.reload()
  assert.equal(await shown(), first, 'after a reload')
  return first
}
