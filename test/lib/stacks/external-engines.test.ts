import type { Template } from 'aws-cdk-lib/assertions';
import { EXTERNAL } from '../../../scripts/option-sets';
import { masked, synthesise } from './synthesise';

const { data, swarm, pipeline } = synthesise({ ...EXTERNAL });
const byDefault = synthesise();

/** Of the nodes' security groups, what they let out by address ranges. */
const outwards = (template: Template): string[] =>
  Object.values(template.findResources('AWS::EC2::SecurityGroup')).flatMap(({ Properties }) =>
    (Properties.SecurityGroupEgress ?? [])
      .filter(({ CidrIp }: any) => CidrIp && CidrIp !== '255.255.255.255/32')
      .map(({ CidrIp, FromPort, ToPort, IpProtocol }: any) => `${CidrIp} ${IpProtocol} ${FromPort}-${ToPort}`),
  );

/** Rules that are resources of their own. */
const rules = (template: Template, way: 'Egress' | 'Ingress'): string[] =>
  Object.values(template.findResources(`AWS::EC2::SecurityGroup${way}`)).map(
    ({ Properties: { CidrIp, IpProtocol, FromPort, ToPort } }) => `${CidrIp} ${IpProtocol} ${FromPort}-${ToPort}`,
  );

/** What documents are told, by deployments and associations. */
const told = (template: Template): string => JSON.stringify(template.toJSON().Resources);

describe('external engines', () => {
  it('have not changed by accident', () => {
    expect(masked(swarm)).toMatchSnapshot();
    expect(masked(pipeline)).toMatchSnapshot();
  });

  it('are reached on their ports and in their ranges alone', () => {
    expect(outwards(byDefault.swarm)).toEqual(['0.0.0.0/0 tcp 443-443']);
    expect(rules(byDefault.pipeline, 'Egress')).toEqual([]);
    expect(rules(pipeline, 'Egress')).toEqual(['10.40.0.0/16 tcp 9096-9096', '0.0.0.0/0 tcp 27017-27017']);
    const nat = synthesise({ ...EXTERNAL, egress: 'nat-instance' });
    expect(rules(nat.pipeline, 'Egress')).toHaveLength(4);
    expect(rules(nat.pipeline, 'Ingress')).toEqual(['10.40.0.0/16 tcp 9096-9096', '10.40.0.0/16 tcp 27017-27017']);
  });

  it('stay in reach until a pipeline has moved away: their rules go with the rest of what its stack no longer has', () => {
    expect(outwards(swarm)).toEqual(outwards(byDefault.swarm));
  });

  it('have no image, no label and no data here', () => {
    for (const component of ['Imagekafka', 'Imagemongodb']) expect(told(pipeline)).not.toContain(component);
    expect(told(swarm)).toContain('slot:worker-1');
    expect(told(swarm)).not.toMatch(/slot:worker-[12],(kafka|mongodb|zookeeper)/);
    expect(told(byDefault.swarm)).toMatch(/slot:worker-1,kafka,zookeeper/);
  });

  it.each([
    ['these engines', swarm],
    ['own ones, which a failed deployment goes back to or comes from', byDefault.swarm],
  ])('have their logins read by managers alone, with %s', (_, template) => {
    const read = Object.values(template.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }: any) => JSON.stringify(Action).includes('secretsmanager'));
    expect(read).toHaveLength(1);
    const arns = JSON.stringify(read[0].Resource);
    expect(arns).toContain('secret:metals/test/kafka-login-??????');
    expect(arns).toContain('secret:metals/test/mongodb-uri-??????');
    expect(read[0].Resource).toHaveLength(5);
    expect(read[0].Action).toEqual(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']);
  });

  it('are told to the documents without any value', () => {
    expect(told(pipeline)).toContain(
      'mongodb-uri/admin=metals/test/mongodb-uri,mongodb-uri/processor=metals/test/mongodb-uri,' +
        'kafka-login/admin=metals/test/kafka-login,kafka-login/producer=metals/test/kafka-login,' +
        'kafka-login/processor=metals/test/kafka-login,api-key=metals/test/api-key',
    );
  });

  it('leave the secrets of the own ones where they are, for the way back', () => {
    expect(data.toJSON().Resources).toEqual(
      expect.objectContaining(
        data.findResources('Custom::KeptSecret', { Properties: { Name: 'metals/test/kafka-password' } }),
      ),
    );
    expect(Object.keys(data.findResources('Custom::KeptSecret'))).toHaveLength(3);
  });
});
