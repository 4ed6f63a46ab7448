import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import { checkOptions, type Check } from '../core/check-options.ts'
import type { Workspace } from './workspace.ts'

/** A call of a tool, with arguments whose names and kinds are checked. */
export interface ToolCall<A> {
  readonly args: A
  readonly workspace: Workspace
  readonly signal: AbortSignal
}

/** A property of a JSON schema. */
type Property = Readonly<Record<string, unknown>>

export interface VecTool {
  readonly name: string
  readonly description: string
  /** Whether it changes the file. */
  readonly writes: boolean
  /** Whether it removes or replaces what is stored. */
  readonly destroys: boolean
  readonly required: readonly string[]
  /** The schema of each argument, and its check. */
  readonly parameters: Readonly<Record<string, readonly [property: Property, check: Check]>>
  /** The answer, which is sent as JSON. */
  run(call: ToolCall<Readonly<Record<string, unknown>>>): Promise<object>
}

/** The form in which clients list a tool. */
export function describeTool(tool: VecTool): Tool {
  const { name, description, writes, destroys, required, parameters } = tool
  const properties = Object.fromEntries(
    Object.entries(parameters).map(([key, [property]]) => [key, property]),
  )
  return {
    name,
    description,
    inputSchema: {
      type: 'object',
      properties,
      required: [...required],
      additionalProperties: false,
    },
    annotations: {
      readOnlyHint: !writes,
      destructiveHint: destroys,
      idempotentHint: true,
      openWorldHint: false,
    },
  }
}

/** Throws for an unknown, missing or wrong argument. */
export function checkArguments({ name, required, parameters }: VecTool, args: unknown): void {
  const checks = Object.fromEntries(
    Object.entries(parameters).map(([key, [, check]]) => [key, check]),
  )
  checkOptions(name, args, checks, 'arguments')
  for (const key of required) {
    if ((args as Record<string, unknown>)[key] !== undefined) continue
    throw new TypeError(
      `${name}: arguments.${key} is missing: expected ${JSON.stringify(parameters[key][0])}`,
    )
  }
}
