import { contenderArguments } from './contender';

const rig = { name: 'x', network: 'metals-rig-x', labels: { 'com.metals.rig': 'x' } };
const plan = { alias: 'naive', image: 'image:1', secrets: ['api-key'] };
const after = (args: readonly string[], option: string): string[] =>
  args.filter((_, index) => args[index - 1] === option);

test('secrets are read-only files of the rig, and neither arguments nor environment', () => {
  const args = contenderArguments(rig, {
    ...plan,
    environment: { HEAP_MB: '256' },
    files: { '/app/a.js': '/tmp/a.js' },
  });
  const [secret, file] = after(args, '--mount');
  expect(secret).toMatch(/source=\/.*\/build\/rig\/x\/secrets\/api-key,destination=\/run\/secrets\/api-key,readonly$/);
  expect(file).toBe('type=bind,source=/tmp/a.js,destination=/app/a.js,readonly');
  expect(after(args, '--env')).toEqual(['HEAP_MB=256']);
});

test('it carries the label by which the rig removes it, and publishes on loopback alone', () => {
  const args = contenderArguments(rig, { ...plan, port: { host: 20_001, container: 8083 } });
  expect(after(args, '--label')).toEqual(['com.metals.rig=x']);
  expect(after(args, '--publish')).toEqual(['127.0.0.1:20001:8083']);
});

test('the command follows the image, and a CPU limit is set only when asked for', () => {
  expect(contenderArguments(rig, { ...plan, command: ['node', 'x.js'] }).slice(-3)).toEqual([
    'image:1',
    'node',
    'x.js',
  ]);
  expect(contenderArguments(rig, plan)).not.toContain('--cpus');
  expect(after(contenderArguments(rig, { ...plan, cpus: 0.5 }), '--cpus')).toEqual(['0.5']);
});
