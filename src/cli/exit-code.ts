/** The exit codes of commands. docs/cli.md lists them, and scripts may rely on them. */
export const EXIT = {
  ok: 0,
  /** The command ran, but found nothing, or found problems. */
  found: 1,
  usage: 2,
  /** A file, data or a response cannot be used. */
  failed: 3,
  /** Another program has locked the file. */
  busy: 4,
  /** A bug in svec itself. */
  internal: 70,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
