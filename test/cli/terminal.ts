import { spawnSync } from 'node:child_process'

/** Python can make a terminal, Node cannot. This one is 80 columns wide. */
const PTY = `
import os, pty, sys, fcntl, termios, struct, time
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
out = b''
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    out += part
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(out)
sys.exit(os.waitstatus_to_exitcode(status))
`

export interface Screen {
  readonly code: number | null
  readonly screen: string
}

export type Terminal = (
  words: readonly string[],
  options?: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string },
) => Screen

/** Runs commands on a terminal of their own; undefined where python3 is not here to make one. */
export function openTerminal(): Terminal | undefined {
  if (spawnSync('python3', ['-c', 'import pty']).status !== 0) return undefined
  return (words, { env = process.env, cwd = process.cwd() } = {}) => {
    const { status, stdout } = spawnSync('python3', ['-c', PTY, ...words], {
      encoding: 'utf8',
      env: { ...env, TERM: 'xterm' },
      cwd,
    })
    return { code: status, screen: stdout.replaceAll('\r\n', '\n') }
  }
}
