/** The vec_admin virtual table: rebuild, statistics, optimization of indexes through SQL. */
export { register } from './tables/register.ts'
