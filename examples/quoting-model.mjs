// A stand-in for a chat model: it searches for what the user wrote, and quotes the best document.

import { MockLanguageModelV4, simulateReadableStream } from 'ai/test'

const usage = { inputTokens: {}, outputTokens: {} }
const finish = unified => ({ type: 'finish', finishReason: { unified, raw: unified }, usage })

const called = query => [
  {
    type: 'tool-call',
    toolCallId: 'call',
    toolName: 'search',
    input: JSON.stringify({ query, k: 1 }),
  },
  finish('tool-calls'),
]
const said = text => [
  { type: 'text-start', id: 'text' },
  { type: 'text-delta', id: 'text', delta: text },
  { type: 'text-end', id: 'text' },
  finish('stop'),
]

export const quotingModel = new MockLanguageModelV4({
  doStream: async ({ prompt }) => {
    const { role, content } = prompt.at(-1)
    const parts =
      role === 'tool' ? said(content[0].output.value.documents[0].content) : called(content[0].text)
    return {
      stream: simulateReadableStream({
        chunks: [{ type: 'stream-start', warnings: [] }, ...parts],
      }),
    }
  },
})
