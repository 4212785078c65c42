import { createArguments, parseGateway, type GatewayStart } from '../../../lib/lab/gateway-container';
import { CONFIGURATION_LABEL } from '../../../lib/lab/names';
import { DEFAULT_OPTIONS } from '../../../lib/lab/options';

const START: GatewayStart = {
  images: { aws: 'metals-lab/aws:1', node: 'metals-lab/node:2' },
  options: { ...DEFAULT_OPTIONS, port: 4600, producerPort: 18000 },
  timing: { profile: 'aws', seed: 7 },
  volumes: 'loop',
  secretFile: '/repository/.lab/secret',
  socket: '/var/run/docker.sock',
  iamMode: 'record',
};
const ARGUMENTS = createArguments(START, 'c0ffee').join(' ');

test('only loopback is published, on the chosen port', () => {
  expect(ARGUMENTS).toContain('--publish 127.0.0.1:4600:4566');
  expect(ARGUMENTS).toContain('--publish 127.0.0.1:18000:8000 --publish 127.0.0.1:8001:8001');
  expect(ARGUMENTS.match(/--publish/g)).toHaveLength(3);
});

test('the ports of the nodes lead to manager-1 while no load balancer has them', () => {
  expect(ARGUMENTS).toContain('LAB_PUBLISH=manager-1=8000,8001');
});

test('whether IAM is enforced is the gateway’s to know, and part of what makes it another one', () => {
  expect(ARGUMENTS).toContain('--env LAB_IAM=record');
});

test('labels, state volume, socket and a stop timeout in which the state is written', () => {
  expect(ARGUMENTS).toContain(`--label com.metals.lab=1 --label ${CONFIGURATION_LABEL}=c0ffee`);
  expect(ARGUMENTS).toContain('--volume metals-lab-state:/var/lib/metals-lab');
  expect(ARGUMENTS).toContain('--volume /var/run/docker.sock:/var/run/docker.sock');
  expect(ARGUMENTS).toContain('--stop-timeout 30');
  expect(ARGUMENTS.endsWith(' metals-lab/aws:1')).toBe(true);
});

test('times and kind of volumes are part of what it was started with', () => {
  for (const setting of ['LAB_PROFILE=aws', 'LAB_SEED=7', 'LAB_VOLUMES=loop']) expect(ARGUMENTS).toContain(setting);
});

test('the secret is neither an argument nor in the environment', () => {
  expect(ARGUMENTS).not.toContain(START.secretFile);
  expect(ARGUMENTS).toContain('LAB_SECRET_FILE=/etc/metals-lab-secret');
});

test('a gateway that is there', () => {
  const json = JSON.stringify([
    {
      State: { Running: true },
      Config: { Image: 'metals-lab/aws:1', Labels: { [CONFIGURATION_LABEL]: 'c0ffee' } },
      HostConfig: {
        PortBindings: {
          '4566/tcp': [{ HostIp: '127.0.0.1', HostPort: '4600' }],
          '8000/tcp': [{ HostIp: '127.0.0.1', HostPort: '18000' }],
        },
      },
    },
  ]);
  expect(parseGateway(json)).toEqual({
    ...{ running: true, configuration: 'c0ffee', image: 'metals-lab/aws:1', port: 4600 },
    producerPort: 18000,
    processorPort: undefined,
  });
});

test('no gateway, and one that somebody else made', () => {
  expect(parseGateway('[]\n')).toBeUndefined();
  const json = JSON.stringify([{ State: { Running: false }, Config: { Image: 'x', Labels: null }, HostConfig: {} }]);
  expect(parseGateway(json)).toEqual({
    ...{ running: false, configuration: '', image: 'x' },
    ...{ port: undefined, producerPort: undefined, processorPort: undefined },
  });
});
