import { readSettings } from '../../../../lib/lab/gateway/settings';

const readFile = () => '0123456789abcdef0123\n';
const read = (environment: Record<string, string>, file = readFile) =>
  readSettings({ LAB_SECRET_FILE: '/secret', ...environment }, file);

describe('readSettings', () => {
  it('takes the secret from the file alone', () => {
    expect(read({}).secretAccessKey).toBe('0123456789abcdef0123');
    expect(() => readSettings({}, readFile)).toThrow('LAB_SECRET_FILE is not set');
    expect(() => read({}, () => 'short')).toThrow('/secret holds 5 characters, expected a secret of at least 16');
  });

  it.each(['0', '65536', 'http', '1.5'])('refuses the port %s', (port) => {
    expect(() => read({ LAB_PORT: port })).toThrow(`LAB_PORT is '${port}', expected a port number from 1 to 65535`);
  });

  it.each([
    [{ LAB_VOLUMES: 'nfs' }, "LAB_VOLUMES is 'nfs', expected one of loop, docker"],
    [{ LAB_PROFILE: 'slow' }, "LAB_PROFILE is 'slow', expected one of default, aws"],
    [{ LAB_SEED: '1e3' }, "LAB_SEED is '1e3', expected a whole number from 0 to 4294967295"],
    [{ LAB_IAM: 'on' }, "LAB_IAM is 'on', expected one of enforce, record, off"],
  ])('refuses %j', (environment, message) => {
    expect(() => read(environment)).toThrow(message);
  });

  it('judges calls unless told otherwise', () => {
    expect(read({}).iamMode).toBe('enforce');
    expect(read({ LAB_IAM: 'record' }).iamMode).toBe('record');
  });

  it('has defaults for the container', () => {
    expect(read({})).toMatchObject({ port: 4566, trustedPort: 4568, upstreamPort: 4567, containerName: undefined });
  });
});
