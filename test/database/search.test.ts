import { DRIVERS } from './connections.ts'
import { searchContract } from './search-contract.ts'

for (const driver of DRIVERS) searchContract(driver)
