// Fills the data folder that the benchmarks of a large repository share. It is no benchmark itself.
import { findFilledFolder, fullSize, saveFillReport } from './lab/data-folders.ts'
import { fillDataFolder } from './lab/fill.ts'
import { makeStock } from './workload/package-stock.ts'

await saveFillReport(await fillDataFolder(findFilledFolder().dataFolder, makeStock(fullSize)))
