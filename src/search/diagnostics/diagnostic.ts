export type Severity = 'ok' | 'info' | 'warning' | 'error'

/** One row in a result of `vec_admin`. */
export interface Diagnostic {
  /** One sentence. */
  readonly op: string
  /** 'error': results are wrong, slow or incomplete. 'warning': needs a repair, but results are right. */
  readonly severity: Severity
  /** The subject: a stable word that programs may compare. */
  readonly topic: string
  /** Undefined for the whole table. */
  readonly dataset: string | undefined
  /** The SQL statement that repairs the problem, or that lists the rows to correct. */
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
