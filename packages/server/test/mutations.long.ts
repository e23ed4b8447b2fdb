import { testMutations } from './fuzz/test-mutations.ts'

testMutations(10_000)
