import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stepsOf } from '../transcript.ts'
import { recipesOf } from './pages.ts'
import { Project } from './project.ts'

for (const { title, files, tools, consoles } of recipesOf('docs/runtimes/bundlers.md')) {
  if (consoles.length === 0) continue
  test(`${title}: the bundle of docs/runtimes/bundlers.md finds the nearest document`, () => {
    using project = new Project(...tools)
    for (const { info, code } of files) project.write(info.split(' ')[1], code)
    for (const { code, line } of consoles) {
      for (const { command, answer } of stepsOf(code))
        assert.equal(project.shell(command), answer, `line ${line}: ${command}`)
    }
  })
}
