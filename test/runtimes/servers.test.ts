import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stepsOf } from '../transcript.ts'
import { recipesOf } from './pages.ts'
import { Project } from './project.ts'

for (const page of ['node', 'bun', 'deno']) {
  const runs = recipesOf(`docs/runtimes/${page}.md`).filter(({ consoles }) => consoles.length > 0)
  for (const { title, files, tools, consoles } of runs) {
    test(`docs/runtimes/${page}.md, ${title}: the programs print what the page says`, () => {
      using project = new Project(...tools)
      for (const { info, code } of files) project.write(info.split(' ')[1], code)
      for (const { code, line } of consoles) {
        for (const { command, answer } of stepsOf(code))
          assert.equal(project.shell(command), answer, `line ${line}: ${command}`)
      }
    })
  }
}
