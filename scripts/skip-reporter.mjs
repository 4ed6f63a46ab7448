// A reporter of node:test: one line of JSON for each test or suite that was skipped.

import { relative } from 'node:path'

// oxlint-disable-next-line import/no-default-export -- node:test loads the default export of a reporter
export default async function* skipReporter(events) {
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.skip === undefined) continue
    const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given'
    const file = data.file === undefined ? '?' : relative('', data.file).replaceAll('\\', '/')
    yield `${JSON.stringify({ reason, file, name: data.name })}\n`
  }
}
