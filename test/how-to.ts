import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fences, promised, squeezed, type Fence } from './doc-example.ts'
import { ExampleFolder } from './example-folder.ts'
import { shellCommand } from './module-arguments.ts'
import { SVEC } from './svec-program.ts'
import { steady, stepsOf } from './transcript.ts'

const FOLDER = 'docs/how-to'

/** The database servers that a page may name after the language of a block. */
export const SERVERS = ['mariadb', 'postgres'] as const
export type Server = (typeof SERVERS)[number]

export interface HowTo {
  readonly path: string
  readonly text: string
  readonly blocks: readonly Fence[]
  readonly servers: ReadonlySet<Server>
}

const serverOf = ({ info }: Fence): Server | undefined =>
  SERVERS.find(server => info.split(' ').includes(server))

export const howTos: readonly HowTo[] = readdirSync(FOLDER)
  .toSorted()
  .map(name => {
    const path = `${FOLDER}/${name}`
    const text = readFileSync(path, 'utf8')
    const blocks = fences(text)
    const servers = new Set(blocks.flatMap(block => serverOf(block) ?? []))
    return { path, text, blocks, servers }
  })

/**
 * Runs the blocks of a page in their order, in one empty folder, and compares what they print with the page:
 * - `js`: a program; the comment lines behind a line of code are its output
 * - `console`: commands of a shell in which `svec` is installed, and their answers
 * - `<language> <file name>`: the content of a file
 * - `sh`: the installation of packages, which is not run
 * A block that names a server finds its address in the environment variable UPSTREAM_URL.
 * `UPDATE_DOCS=1` rewrites the answers of `console` blocks.
 */
export function runHowTo(page: HowTo, urls: Readonly<Partial<Record<Server, string>>> = {}): void {
  using folder = new ExampleFolder()
  const bin = join(folder.path, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'svec'), `#!/bin/sh\nexec ${shellCommand(SVEC)} "$@"\n`, { mode: 0o755 })
  let renewed = page.text
  for (const block of page.blocks) {
    const { info, code, line } = block
    const where = `${page.path}, line ${line}`
    const server = serverOf(block)
    const url = server === undefined ? undefined : urls[server]
    if (server !== undefined && url === undefined) continue
    const [language, file] = info.split(' ').filter(word => word !== server)
    if (file !== undefined) {
      writeFileSync(join(folder.path, file), code)
    } else if (language === 'js') {
      assert.notEqual(promised(code), '', `${where}: the example does not say what it prints`)
      const printed = folder.run(code, { UPSTREAM_URL: url ?? '' })
      assert.equal(squeezed(printed), squeezed(promised(code)), where)
    } else if (language === 'console') {
      const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, TERM: 'xterm' }
      const lines: string[] = []
      for (const { shown, command, answer } of stepsOf(code)) {
        const { stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${command}`], {
          env: { ...env, UPSTREAM_URL: url ?? '' },
          cwd: folder.path,
          encoding: 'utf8',
        })
        const found = stdout.trimEnd()
        lines.push(...shown, ...(found === '' ? [] : [found]))
        if (process.env['UPDATE_DOCS'] !== '1')
          assert.equal(steady(found), steady(answer), `${where}: ${command}`)
      }
      renewed = renewed.replace(`\n${code}\`\`\``, () => `\n${lines.join('\n')}\n\`\`\``)
    } else {
      assert.equal(language, 'sh', `${where}: expected js, console, sh or a language and a file`)
      for (const command of code.trim().split('\n'))
        assert.match(command, /^npm install /, `${where}: sh blocks install packages`)
    }
  }
  if (process.env['UPDATE_DOCS'] === '1' && renewed !== page.text) writeFileSync(page.path, renewed)
}
