import { fill, inMemory, makePool, runPool, timed, withStation, assertCount } from '/work/main/test/bench/support/station.mjs';
const N = Number(process.argv[2] ?? 10000);
import { readdirSync, readFileSync } from 'node:fs';
const threads = () => Object.fromEntries(readdirSync('/proc/self/task').map(t => { try { const x = readFileSync(`/proc/self/task/${t}/stat`,'utf8'); const c = readFileSync(`/proc/self/task/${t}/schedstat`,'utf8').split(' ')[0]; return [t+':'+/\((.*)\)/.exec(x)[1], Number(c)/1000]; } catch { return [t,0]; } }));
let lastThreads = {}; const tt = setInterval(()=>{ lastThreads = {...lastThreads, ...threads()}; }, 100); tt.unref();
await withStation(async folder => {
  await fill(folder, N);
  const submit = inMemory();
  const t0 = threads();
  const r0 = process.resourceUsage();
  const elu0 = performance.eventLoopUtilization();
  const f = await timed(N, () => runPool(makePool(folder, submit)));
  const elu = performance.eventLoopUtilization(elu0);
  const r1 = process.resourceUsage();
  const t1 = {...lastThreads, ...threads()}; for (const [k,v] of Object.entries(t1)) { const d=(v-(t0[k]??0))/N; if (d>5) console.log(k, d.toFixed(0)); }
  console.log({ ...f, user: (r1.userCPUTime-r0.userCPUTime)/N, sys: (r1.systemCPUTime-r0.systemCPUTime)/N, ctx: (r1.voluntaryContextSwitches-r0.voluntaryContextSwitches)/N, elu: elu.utilization, activeUs: elu.active*1000/N, writes: (r1.fsWrite-r0.fsWrite)/N });
});
