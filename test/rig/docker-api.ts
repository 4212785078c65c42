/** Questions to Docker's API: its command-line tool is a process each time, too much for what is asked every second. */
import { request } from 'node:http';

const SOCKET = /^unix:\/\/(.+)$/.exec(process.env.DOCKER_HOST ?? '')?.[1] ?? '/var/run/docker.sock';
/** Of Docker 20.10. */
const VERSION = 'v1.41';
const TIMEOUT_MS = 10_000;

/** @param path behind the version, such as `/containers/NAME/json` */
export async function askDocker<Answer>(path: string): Promise<Answer> {
  return JSON.parse(await get(`/${VERSION}${path}`)) as Answer;
}

function get(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: SOCKET, path, timeout: TIMEOUT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`Docker answered ${response.statusCode} to ${path}: ${body.trim()}`));
      });
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`Docker did not answer ${path} within ${TIMEOUT_MS} ms`)));
    sent.on('error', reject);
    sent.end();
  });
}
