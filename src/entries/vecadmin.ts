/** The vec_admin virtual table: rebuild, statistics, check, repair, explanation and export of indexes through SQL. */
export { register } from '../tables/register.ts'
