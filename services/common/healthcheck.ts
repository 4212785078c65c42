import { get } from 'node:http';

/**
 * Swarm's health check: `node healthcheck.js PORT`. Uses an address, for a name resolves only once it is healthy. The
 * limit is below that of the health check, so that it can say why, and generous: a busy machine is not a stuck service.
 */
const TIMEOUT_MS = 8_000;

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

const port = Number(process.argv[2]);
if (!Number.isInteger(port) || port < 1 || port > 65_535) fail(`usage: healthcheck.js PORT (got ${process.argv[2]})`);

const request = get({ host: '127.0.0.1', port, path: '/health', timeout: TIMEOUT_MS, agent: false }, (response) => {
  let body = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => (body += chunk));
  response.on('end', () => {
    process.stdout.write(`${response.statusCode} ${body}\n`);
    process.exit(response.statusCode === 200 ? 0 : 1);
  });
});
request.on('timeout', () => fail(`no answer from port ${port} within ${TIMEOUT_MS} ms`));
request.on('error', (error) => fail(error.message));
