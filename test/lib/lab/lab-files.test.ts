import { execFileSync } from 'node:child_process';
import { cdkEnvironment } from '../../../lib/lab/cdk';
import { envFileText, labEnvironment } from '../../../lib/lab/lab-files';
import { DEFAULT_OPTIONS } from '../../../lib/lab/options';
import { dockerSocket } from '../../../lib/lab/up';

const ENVIRONMENT = labEnvironment({ ...DEFAULT_OPTIONS, port: 4600 }, 'a-secret');

test('the environment leads every AWS tool to the lab by address, not by name', () => {
  expect(ENVIRONMENT).toMatchObject({
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4600',
    AWS_ACCESS_KEY_ID: '000000000000',
    AWS_SECRET_ACCESS_KEY: 'a-secret',
    AWS_REGION: 'eu-west-1',
    METALS_STAGE: 'lab',
    METALS_PRODUCER_URL: 'http://127.0.0.1:8000',
  });
});

test('a shell that sources the file has it, and nothing that would lead elsewhere', () => {
  const script = `${envFileText(ENVIRONMENT)}\nenv`;
  const env = { PATH: process.env.PATH, AWS_PROFILE: 'company', AWS_SESSION_TOKEN: 'old' };
  const lines = execFileSync('sh', ['-c', script], { env }).toString().split('\n');
  expect(lines).toContain('AWS_ENDPOINT_URL=http://127.0.0.1:4600');
  expect(lines.filter((line) => /^AWS_(PROFILE|SESSION_TOKEN)=/.test(line))).toEqual([]);
});

test('cdk gets the lab instead of the user’s own credentials', () => {
  const own = { PATH: '/bin', AWS_PROFILE: 'company', AWS_SESSION_TOKEN: 'old', AWS_REGION: 'us-east-1' };
  expect(cdkEnvironment(own, ENVIRONMENT)).toEqual({ PATH: '/bin', ...ENVIRONMENT });
});

test('the socket of the daemon that docker talks to', () => {
  expect(dockerSocket({})).toBe('/var/run/docker.sock');
  expect(dockerSocket({ DOCKER_HOST: 'unix:///run/user/1000/docker.sock' })).toBe('/run/user/1000/docker.sock');
});
