import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '../cli/svec.ts'
import { SVEC } from '../svec-program.ts'
import { tools } from './tools.ts'

// The inspector of the protocol's authors, by its command line. It needs Node 22; the server runs on the Node of the test.

const installed = join(
  tools.installed('@modelcontextprotocol/inspector', 'node-22'),
  'node_modules',
)
const NODE = join(installed, 'node-22/bin')
const INSPECTOR = join(installed, '@modelcontextprotocol/inspector/clients/launcher/build/index.js')
const file = join(temporaryFolder(), 'notes.sqlite')
/** What the inspector says by its exit code: a schema that clients cannot use, and a call that is an error. */
const PASSES = 0
const TOOL_ERROR = 5

interface Tools {
  readonly tools: readonly { readonly name: string }[]
}
interface Result {
  readonly isError?: boolean
  readonly content: readonly { readonly text: string }[]
}
interface Resources {
  readonly resources: readonly { readonly uri: string }[]
}

/** Every check of one transport; `target` are the arguments that name the server. */
function checks(target: () => readonly string[]): void {
  function inspected(method: string, args: readonly string[] = [], code = PASSES): unknown {
    const { status, stdout, stderr } = spawnSync(
      join(NODE, 'node'),
      [INSPECTOR, '--cli', ...target(), '--method', method, ...args],
      // The inspector starts programs as `node`.
      { encoding: 'utf8', env: { ...process.env, PATH: `${NODE}:${process.env['PATH']}` } },
    )
    assert.equal(status, code, `${method}: ${stderr}${stdout}`)
    return JSON.parse(stdout) as unknown
  }
  const call = (name: string, args: object, code = PASSES): Result =>
    inspected(
      'tools/call',
      ['--tool-name', name, '--tool-args-json', JSON.stringify(args)],
      code,
    ) as Result

  test('the schemas of the tools pass the strict check', () => {
    const { tools: listed } = inspected('tools/list', ['--strict']) as Tools
    const names = ['search', 'get', 'list', 'stats', 'upsert', 'delete']
    assert.deepEqual(
      listed.map(({ name }) => name),
      names,
    )
  })

  test('a document is stored, found, listed as a resource, and read', () => {
    call('upsert', { documents: [{ id: 'deploy', content: 'Run make rollback.' }] })
    const [{ text }] = call('search', { text: 'rollback', k: 1 }).content
    assert.equal((JSON.parse(text) as { hits: { id: string }[] }).hits[0].id, 'deploy')
    const { resources } = inspected('resources/list') as Resources
    const uri = 'svec://notes.sqlite/docs/default/deploy'
    assert.deepEqual(
      resources.map(each => each.uri),
      [uri],
    )
    const { contents } = inspected('resources/read', ['--uri', uri]) as {
      contents: { text: string }[]
    }
    assert.equal(contents[0].text, 'Run make rollback.')
    assert.ok(JSON.stringify(inspected('resources/templates/list')).includes('svec://{file}'))
  })

  test('a call with a wrong argument is an error of that call', () => {
    const { isError, content } = call('search', { text: 'rollback', k: 0 }, TOOL_ERROR)
    assert.equal(isError, true)
    assert.match(content[0].text, /k is 0: expected an integer from 1 to 50/)
  })

  test('many calls at a time are all answered', () => {
    const load = ['--load', '--load-requests', '200', '--load-concurrency', '20']
    const args = ['--tool-name', 'search', '--tool-arg', 'text=rollback', ...load]
    const report = JSON.stringify(inspected('tools/call', args))
    assert.match(report, /"ok":200,"toolErrors":0,"errors":0/)
  })
}

describe('the MCP inspector passes svec mcp over stdio', () => {
  checks(() => [process.execPath, SVEC, 'mcp', file, '--write'])
})

describe('the MCP inspector passes svec mcp over HTTP', () => {
  let server: ReturnType<typeof spawn>
  let target: readonly string[]
  before(async () => {
    server = spawn(process.execPath, [SVEC, 'mcp', file, '--write', '--port', '0', '--json'])
    const line = await new Promise<Buffer>(first => {
      server.stdout!.once('data', first)
    })
    const { url, token } = JSON.parse(line.toString()) as { url: string; token: string }
    target = [url, '--header', `Authorization: Bearer ${token}`]
  })
  after(() => server.kill('SIGTERM'))
  checks(() => target)
})
