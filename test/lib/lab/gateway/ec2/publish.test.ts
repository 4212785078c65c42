import { parsePublish } from '../../../../../lib/lab/gateway/ec2/publish';

test.each(['manager-1', 'manager-1=8000', 'manager-1=8000:x', '=8000:8000', 'manager-1=8000:8000,'])(
  'refuses %p and says what is expected',
  (text) => {
    expect(() => parsePublish(text)).toThrow(
      `LAB_PUBLISH has '${text}', expected SLOT=HOST_PORT:NODE_PORT[,…], such as manager-1=8000:8000,8001:8001`,
    );
  },
);

test('reads the ports of each slot', () => {
  const ports = parsePublish('manager-1=8000:8000,8001:8001;worker-1=9000:80');
  expect(ports.get('manager-1')).toEqual(['8000:8000', '8001:8001']);
  expect(ports.get('worker-1')).toEqual(['9000:80']);
});

test('publishes nothing unless told', () => {
  expect(parsePublish('').size).toBe(0);
});
