/** A Model Context Protocol server over vec tables. `@modelcontextprotocol/sdk` is an optional peer. */
export { createServer } from '../mcp/create-server.ts'
export type { McpServerOptions, McpSource } from '../mcp/mcp-options.ts'
export { serveHttp, type HttpServing, type ServeHttpOptions } from '../mcp/serve-http.ts'
export { serveStdio, type ServeStdioOptions } from '../mcp/serve-stdio.ts'
