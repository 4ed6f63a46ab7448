/** What a command ends with; docs/cli.md lists them, and scripts may lean on them. */
export const EXIT = {
  ok: 0,
  /** It ran, and what it looked for is not there, or what it looked at is not in order. */
  found: 1,
  usage: 2,
  /** A file, data or an answer that cannot be used. */
  failed: 3,
  /** Another program holds the file. */
  busy: 4,
  /** A bug of svec itself. */
  internal: 70,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
