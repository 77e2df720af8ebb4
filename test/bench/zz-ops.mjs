import { fill, inMemory, makePool, runPool, timed, withStation } from './support/station.mjs';
import { nodeFileSystem } from 'millrace';
const N = Number(process.argv[2] ?? 2000);
const counts = {};
const wrapHandle = h => new Proxy(h, { get(t,k){ const v=t[k]; if(typeof v!=='function') return v; return (...a)=>{counts['h.'+String(k)]=(counts['h.'+String(k)]??0)+1; return v.apply(t,a);} }});
const fs = new Proxy(nodeFileSystem, { get(t,k){ const v=t[k]; if(typeof v!=='function') return v; return (...a)=>{ counts[k]=(counts[k]??0)+1; const r=v.apply(t,a); return k==='open'? r.then(wrapHandle):r; } } });
await withStation(async folder => {
  await fill(folder, N);
  const submit = inMemory();
  await runPool(makePool(folder, submit, { fs }));
  for (const [k,v] of Object.entries(counts)) if (v/N>0.05) console.log(k, (v/N).toFixed(2));
});
