import assert from 'node:assert/strict'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { createServer, type McpServerOptions } from '../../src/entries/mcp.ts'
import { SVEC } from '../svec-program.ts'

/** The official client, connected to a server in this process. */
export async function connectedTo(options: McpServerOptions): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  await createServer(options).connect(ours)
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(theirs)
  return client
}

export interface Spawned extends AsyncDisposable {
  readonly client: Client
  readonly pid: number
}

/** The official client, connected to a process of `svec mcp`. */
export async function spawned(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Spawned> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [SVEC, 'mcp', ...args],
    env,
  })
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(transport)
  return {
    client,
    pid: transport.pid!,
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** What a tool answers; fails for an error. */
export async function answerOf<R>(client: Client, name: string, args: object = {}): Promise<R> {
  const { isError, text } = await rawAnswer(client, name, args)
  assert.notEqual(isError, true, text)
  return JSON.parse(text) as R
}

/** The error of a tool; fails if it succeeds. */
export async function errorOf(client: Client, name: string, args: object = {}): Promise<string> {
  const { isError, text } = await rawAnswer(client, name, args)
  assert.equal(isError, true, text)
  return text
}

export async function rawAnswer(
  client: Client,
  name: string,
  args: object = {},
): Promise<{ readonly isError: boolean | undefined; readonly text: string }> {
  const { content, isError } = (await client.callTool({
    name,
    arguments: args as Record<string, unknown>,
  })) as CallToolResult
  assert.equal(content.length, 1)
  const [block] = content
  assert.ok(block.type === 'text')
  return { isError, text: block.text }
}

/** Whether an error says what to do: it names what was expected, or a step to take. */
export function namesRemedy(error: string): boolean {
  return /expected|Known:|did you mean|use |check the arguments|make the arguments|try again|start it with|choose one|give |run svec|pass |ask for|call stats|embed (?:with|the query with)|ALTER TABLE|create one|list |quote/i.test(
    error,
  )
}

/** Whether a process still runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
