import { goArchitecture, parseListener, parsePublished } from '../../../lib/lab/preflight-facts';

test('published ports of a container, ranges and IPv6 included', () => {
  expect(parsePublished('web\t127.0.0.1:8000->80/tcp, :::9000-9002->9000-9002/tcp, 53/udp\t')).toEqual({
    name: 'web',
    ports: [8000, 9000, 9001, 9002],
    ofLab: false,
  });
  expect(parsePublished('metals-lab-aws\t127.0.0.1:4566->4566/tcp\t1').ofLab).toBe(true);
  expect(parsePublished('quiet\t\t')).toEqual({ name: 'quiet', ports: [], ofLab: false });
});

test('the program behind a port, as ss and lsof tell it', () => {
  const ss = 'LISTEN 0 511 127.0.0.1:8000 0.0.0.0:* users:(("node",pid=4242,fd=21))';
  expect(parseListener(ss)).toBe('node (process 4242)');
  expect(parseListener('p812\ncnginx\n')).toBe('nginx (process 812)');
});

test('a port whose owner only root may see stays without one', () => {
  expect(parseListener('LISTEN 0 511 127.0.0.1:8000 0.0.0.0:*')).toBeUndefined();
  expect(parseListener('')).toBeUndefined();
});

test('architectures in one language', () => {
  expect(['x86_64', 'aarch64', 'riscv64'].map(goArchitecture)).toEqual(['amd64', 'arm64', 'riscv64']);
});
