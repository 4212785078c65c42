import { planSession } from '../../../../../lib/lab/gateway/session-manager/session-plan';

test.each([
  [undefined, {}, { kind: 'shell' }],
  ['AWS-StartInteractiveCommand', { command: ['id'] }, { kind: 'command', command: 'id' }],
  [
    'AWS-StartPortForwardingSession',
    { portNumber: ['8000'], localPortNumber: ['18000'] },
    {
      ...{ kind: 'port', host: 'localhost', port: 8000 },
      properties: { portNumber: '8000', localPortNumber: '18000', type: 'LocalPortForwarding' },
    },
  ],
  [
    'AWS-StartPortForwardingSessionToRemoteHost',
    { portNumber: ['9096'], host: ['b-1.example.org'] },
    {
      ...{ kind: 'port', host: 'b-1.example.org', port: 9096 },
      properties: { portNumber: '9096', localPortNumber: '0', type: 'LocalPortForwarding' },
    },
  ],
])('%s with %j', (document, parameters, plan) => {
  expect(planSession(document, parameters)).toEqual(plan);
});

test.each([
  ['AWS-StartSSHSession', {}, 'InvalidDocument', 'Document with name AWS-StartSSHSession does not exist.'],
  ['AWS-StartInteractiveCommand', {}, 'InvalidParameters', 'Parameter command is required'],
  ['AWS-StartPortForwardingSession', { portNumber: ['65536'] }, 'InvalidParameters', 'has value "65536" not matching'],
  ['AWS-StartPortForwardingSession', { port: ['80'] }, 'InvalidParameters', 'Parameter port is not supported'],
  [
    'AWS-StartPortForwardingSessionToRemoteHost',
    { portNumber: ['80'], host: ['a;reboot'] },
    'InvalidParameters',
    'has value "a;reboot"',
  ],
  [undefined, { command: ['id'] }, 'InvalidParameters', 'Parameter command is not supported'],
])('%s with %j is refused', (document, parameters, code, message) => {
  expect(() => planSession(document, parameters)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});
