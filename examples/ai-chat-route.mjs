// A chat that answers from documents: a route for the Vercel AI SDK, as in Next.js (app/api/chat/route.js).
// `node examples/ai-chat-route.mjs 'Which bread is quick?'`

import { fileURLToPath } from 'node:url'
import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  isStepCount,
  streamText,
  toUIMessageStream,
} from 'ai'
import { open } from 'sqlite-vec-ts'
import { searchTool } from 'sqlite-vec-ts/ai'
import { Collection } from 'sqlite-vec-ts/vecutil'
import { quotingModel } from './quoting-model.mjs'
import { embed } from './word-embedder.mjs'

/** The documents of a file. With a model of the SDK: `embed: embedder(model), model: model.modelId`. */
export async function openNotes(path) {
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE IF NOT EXISTS notes USING vec(doc_id, text=content)')
  return {
    db,
    notes: new Collection(db, { table: 'notes', dataset: 'all', embed, model: 'words' }),
  }
}

/** `model`: a language model of the SDK, such as `openai('gpt-5')`. */
export function chatRoute(notes, model = quotingModel) {
  const tools = { search: searchTool(notes, { description: 'notes of a bakery', mode: 'hybrid' }) }
  return async request => {
    const messages = await convertToModelMessages((await request.json()).messages)
    const { stream } = streamText({ model, tools, messages, stopWhen: isStepCount(3) })
    return createUIMessageStreamResponse({ stream: toUIMessageStream({ stream }) })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { db, notes } = await openNotes(':memory:')
  await notes.upsert([{ id: 'soda', content: 'Soda bread is quick: it needs no yeast.' }])
  const parts = [{ type: 'text', text: process.argv[2] ?? 'Which bread is quick?' }]
  const body = JSON.stringify({ messages: [{ role: 'user', parts }] })
  const answer = await chatRoute(notes)(new Request('http://localhost', { method: 'POST', body }))
  console.log(await answer.text())
  db.close()
}
