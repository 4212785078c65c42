/** What a first deployment, or the one after a failed one, would meet on AWS. */
import { synthesise } from './synthesise';

const templates = synthesise();

it.each(Object.entries(templates))('stack %s makes no log group that Lambda makes too', (_name, template) => {
  const named = Object.entries(template.findResources('AWS::Logs::LogGroup')).filter(([, { Properties }]) =>
    JSON.stringify(Properties?.LogGroupName ?? '').includes('/aws/lambda/'),
  );
  expect(named.map(([logicalId]) => logicalId)).toEqual([]);
});

it.each(Object.entries(templates))(
  'stack %s has nothing that a kept secret or volume would refuse',
  (_name, template) => {
    // CloudFormation's own resources know only what they have made: a name that is taken, or a new, empty volume.
    for (const type of ['AWS::EC2::Volume', 'AWS::SecretsManager::Secret']) template.resourceCountIs(type, 0);
  },
);

it('gives CloudFormation no stack frames of the provider framework', () => {
  const framework = Object.values(templates).flatMap((template) =>
    Object.values(template.findResources('AWS::Lambda::Function')).filter(({ Properties }) =>
      String(Properties.Description).startsWith('AWS CDK resource provider framework'),
    ),
  );
  expect(framework).toHaveLength(5);
  for (const { Properties } of framework) {
    expect(Properties.Environment.Variables.NODE_OPTIONS).toBe('--stack-trace-limit=0');
  }
});

it('sends no empty parameter', () => {
  const commands = [templates.swarm, templates.pipeline].flatMap((template) =>
    Object.values(template.findResources('Custom::RunCommand')),
  );
  expect(commands.length).toBeGreaterThan(6);
  for (const { Properties } of commands) {
    expect(Object.values({ ...Properties.Parameters, ...Properties.OnDeleteParameters })).not.toContain('');
  }
});

it('keeps what its documents said outside the stack that a failure removes', () => {
  const named = (stack: 'data' | 'swarm') =>
    Object.values(templates[stack].findResources('AWS::Logs::LogGroup')).map(
      ({ Properties }) => Properties?.LogGroupName as unknown,
    );
  expect(named('data')).toContain('/metals/test/documents');
  expect(named('swarm').filter(Boolean)).toEqual([]);
});
