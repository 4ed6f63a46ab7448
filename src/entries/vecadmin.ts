/** The vec_admin virtual table: rebuild, statistics, check, repair, explanation and export of indexes through SQL. */
export { register } from '../tables/register.ts'
export { inspect, type FileDescription, type InspectOptions } from '../tables/inspect.ts'
export { maintain, type Maintenance, type MaintainOptions } from '../tables/vec-admin/maintain.ts'
export type { Diagnostic, Severity } from '../search/diagnostics/diagnostic.ts'
