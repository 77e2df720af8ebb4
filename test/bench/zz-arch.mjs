import { join } from 'node:path';
import { ArchiveStorage } from 'millrace';
import { fill, inMemory, makePool, runPool, timed, withStation } from './support/station.mjs';
const N = Number(process.argv[2] ?? 3000);
await withStation(async folder => {
  await fill(folder, N);
  const archive = new ArchiveStorage({ directory: join(folder,'archive') }); await archive?.open();
  const pool = makePool(folder, inMemory(), { converter: { archiveOutputReports: false }, archive });
  const f = await timed(N, () => runPool(pool));
  console.log(f.perSecond.toFixed(0), 'files/s', (1000/f.perSecond).toFixed(2),'ms', f.cpuUs.toFixed(0));
  await archive?.close();
});
