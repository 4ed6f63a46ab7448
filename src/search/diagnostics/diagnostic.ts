export type Severity = 'ok' | 'info' | 'warning' | 'error'

/** One row of an answer of `vec_admin`. */
export interface Diagnostic {
  /** One sentence. */
  readonly op: string
  /** 'error': answers are wrong, slow or lack rows. 'warning': something to repair, answers are right. */
  readonly severity: Severity
  /** What it is about: a stable word that programs may compare. */
  readonly topic: string
  /** Undefined: the whole table. */
  readonly dataset: string | undefined
  /** The SQL statement that repairs it, or that lists the rows to correct. */
  readonly fix: string | undefined
}

export function diagnostic(
  severity: Severity,
  topic: string,
  op: string,
  where: { readonly dataset?: string | undefined; readonly fix?: string | undefined } = {},
): Diagnostic {
  return { op, severity, topic, dataset: where.dataset, fix: where.fix }
}
