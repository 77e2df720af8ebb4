/** A server in a process of its own, so that it takes none of the measured process's time. Prints its port, then a count for each line on stdin. */
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

let reports = 0;
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    reports += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"ID":"${reports}"}`);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
createInterface(process.stdin)
  .on('line', () => process.stdout.write(`${reports}\n`))
  .on('close', () => server.close(() => undefined).closeAllConnections());
