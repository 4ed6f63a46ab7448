import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CliError } from '../cli-error.ts'

export interface MetricsServer {
  readonly url: string
  close(): void
}

/**
 * Serves `text()` at /metrics and nothing else, without a password: on loopback unless --metrics-host says otherwise.
 */
export async function serveMetrics(
  host: string,
  port: number,
  text: () => string,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?')
    if (path !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n')
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    try {
      const body = text()
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
      response.end(body)
    } catch {
      // The replica is locked at the moment. The next scrape will succeed.
      response.writeHead(503, { 'content-type': 'text/plain' }).end('the replica is busy\n')
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new CliError(
          'CLI_INPUT',
          `cannot serve metrics at ${host}:${port} (${cause.code ?? cause.message})`,
          { hint: 'choose another --metrics-port; 0 picks a free one', cause },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
  const { address, port: bound, family } = server.address() as AddressInfo
  const shown = family === 'IPv6' ? `[${address}]` : address
  return {
    url: `http://${shown}:${bound}/metrics`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
