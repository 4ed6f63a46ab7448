import assert from 'node:assert/strict'
import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { recipesOf } from './pages.ts'
import { Project } from './project.ts'

// Electron cannot be installed here: its package downloads the program from elsewhere. A folder stands for the archive.

test('the layout of an Electron app: the package in app.asar, the database in the folder of the user', () => {
  using project = new Project()
  const { code } = recipesOf('docs/runtimes/bundlers.md')
    .flatMap(({ files }) => files)
    .find(({ info }) => info === 'js app.js')!
  const archive = 'resources/app.asar'
  project.write(`${archive}/package.json`, '{ "type": "module", "main": "main.js" }')
  project.write(`${archive}/app.js`, code)
  project.write(`${archive}/main.js`, "import { main } from './app.js'\nawait main()\n")
  project.write('user/empty', '')
  // No koffi is beside the package, as where `asarUnpack` was forgotten.
  renameSync(join(project.path, 'node_modules'), join(project.path, archive, 'node_modules'))
  const files = (): string[] =>
    readdirSync(join(project.path, 'resources'), { recursive: true, encoding: 'utf8' }).toSorted()
  const before = files()
  assert.equal(project.shell(`cd user && node ../${archive}/main.js`), 'east')
  assert.equal(project.shell(`cd user && node ../${archive}/main.js`), 'east')
  assert.deepEqual(files(), before, 'nothing is written into the archive')
  assert.deepEqual(readdirSync(join(project.path, 'user')).toSorted(), ['app.sqlite', 'empty'])
})
