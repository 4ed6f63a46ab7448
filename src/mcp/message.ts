import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  ErrorCode,
  JSONRPCMessageSchema,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js'
import { jsonProblem } from '../core/json-error.ts'
import { isPlainObject } from '../core/plain-object.ts'

/** An answer to a message that cannot be read. JSON-RPC gives it the id null if the message has none. */
export interface Refusal {
  readonly jsonrpc: '2.0'
  readonly id: string | number | null
  readonly error: { readonly code: number; readonly message: string }
}

export type ReadMessage = { readonly message: JSONRPCMessage } | { readonly refusal: Refusal }

const EXPECTED = 'expected one JSON-RPC 2.0 message: {"jsonrpc": "2.0", "id": 1, "method": "ping"}'

/** One message from a client. */
export function readMessage(text: string): ReadMessage {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refused(null, ErrorCode.ParseError, `not JSON: ${jsonProblem(text)}: ${EXPECTED}`)
  }
  if (Array.isArray(value)) {
    return refused(null, ErrorCode.InvalidRequest, `batches are not supported: ${EXPECTED}`)
  }
  const read = JSONRPCMessageSchema.safeParse(value)
  if (read.success) return { message: read.data }
  const id = isPlainObject(value) ? (value as { id?: unknown }).id : undefined
  return refused(
    typeof id === 'string' || typeof id === 'number' ? id : null,
    ErrorCode.InvalidRequest,
    `not a message: ${EXPECTED}`,
  )
}

function refused(id: Refusal['id'], code: number, message: string): ReadMessage {
  return { refusal: { jsonrpc: '2.0', id, error: { code, message } } }
}

/** The refusal of a message that is too long to read. */
export function tooLong(bytes: number): Refusal {
  const message = `a message has more than ${bytes} bytes: expected shorter ones, with fewer documents each`
  return { jsonrpc: '2.0', id: null, error: { code: ErrorCode.InvalidRequest, message } }
}

/** Every error that the server sends says what to do. Those of the SDK lack it. */
export function withHints(transport: Transport): Transport {
  const send = transport.send.bind(transport)
  transport.send = (message, options) => send(hinted(message), options)
  return transport
}

const METHODS =
  'expected initialize, ping, tools/list, tools/call, resources/list, resources/templates/list or resources/read'

function hinted(message: JSONRPCMessage): JSONRPCMessage {
  if (!('error' in message)) return message
  const { code, message: text } = message.error
  const said = issuesIn(text) ?? text
  const hint = code === (ErrorCode.MethodNotFound as number) ? METHODS : hintOf(said)
  const full = hint === undefined ? said : `${said}: ${hint}`
  return { ...message, error: { ...message.error, message: full } }
}

/** Messages of this package have a second line, or say what was expected. */
function hintOf(text: string): string | undefined {
  if (/\n|expected |start it with/.test(text)) return undefined
  return 'expected a request as the Model Context Protocol specifies it'
}

/** The SDK describes invalid parameters by a JSON array of issues. */
function issuesIn(text: string): string | undefined {
  try {
    const issues = JSON.parse(text) as { path?: unknown[]; message?: string }[]
    const lines = issues.map(
      ({ path = [], message = 'invalid' }) => `${path.join('.')}: ${message}`,
    )
    return `invalid request: ${lines.join('; ').slice(0, 500)}`
  } catch {
    return undefined
  }
}
