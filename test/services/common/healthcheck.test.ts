import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const root = join(__dirname, '../../..');

/** Beside the server, which has to answer meanwhile. */
function check(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = join(root, 'services/common/healthcheck.ts');
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', program, ...args],
      { cwd: root },
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

const asked: string[] = [];
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function answering(status: number): Promise<string> {
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(status).end('{"reasons":["Kafka: away"]}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return String((server.address() as AddressInfo).port);
}

jest.setTimeout(60_000);

describe('the health check', () => {
  test('ends with 0 when the service answers 200, and shows the answer', async () => {
    const { code, stdout } = await check(await answering(200));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '200 {"reasons":["Kafka: away"]}\n' });
    expect(asked).toEqual(['GET /health']);
  });

  test('ends with 1 when the service answers 503, and shows the reasons', async () => {
    const { code, stdout } = await check(await answering(503));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '503 {"reasons":["Kafka: away"]}\n' });
  });

  test('ends with 1 when nobody listens, and says so', async () => {
    const port = await answering(200);
    await new Promise((resolve) => servers.splice(0)[0].close(resolve));
    const { code, stderr } = await check(port);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') });
  });

  test.each([[[]], [['65536']]])('ends with 1 and its usage for the arguments %j', async (args) => {
    const { code, stderr } = await check(...args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('usage: healthcheck.js PORT') });
  });
});
