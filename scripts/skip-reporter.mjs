// A reporter of node:test. Its lines of JSON are the tests and suites that were skipped, and at the end the sums of the run
// and the time of each file.

import { relative } from 'node:path'

// oxlint-disable-next-line import/no-default-export -- node:test loads the default export of a reporter
export default async function* skipReporter(events) {
  const times = new Map()
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && data.nesting === 0) {
      const [, name, number] = /^(pass|fail|cancelled|skipped) (\d+)$/.exec(data.message) ?? []
      if (name !== undefined) yield `${JSON.stringify({ sum: name, number: Number(number) })}\n`
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const file = data.file === undefined ? '?' : relative('', data.file).replaceAll('\\', '/')
    // What a test contains is in its own time.
    if (data.nesting === 0)
      times.set(file, (times.get(file) ?? 0) + data.details.duration_ms / 1000)
    if (data.skip === undefined) continue
    const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given'
    yield `${JSON.stringify({ reason, file, name: data.name })}\n`
  }
  for (const [file, seconds] of times) yield `${JSON.stringify({ time: file, seconds })}\n`
}
