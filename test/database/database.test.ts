import { DRIVERS } from './connections.ts'
import { databaseContract } from './contract.ts'

for (const driver of DRIVERS) databaseContract(driver)
