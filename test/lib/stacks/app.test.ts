import { Match } from 'aws-cdk-lib/assertions';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireApproval } from '../../../cdk.json';
import {
  DISK_METRIC,
  DOCUMENTS,
  FILE_SYSTEMS,
  metricNamespace,
  rotationAssociation,
  EXTERNAL_SECRETS,
  SECRETS,
} from '../../../lib/contract';
import { restoreTemplate, rewriteTemplate, typesOf } from '../../../lib/lab/gateway/cloudformation/template';
import { AMI, masked, stacksOf, synthesise } from './synthesise';

/** One synthesis for all tests: it takes seconds. */
const templates = synthesise();
const names = Object.keys(templates) as (keyof typeof templates)[];

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

/** All statements of the policies attached to a slot's role. */
function statements(slot: string): Statement[] {
  const prefix = `"Roles${slot.replace('-', '')}`;
  return Object.values(templates.swarm.findResources('AWS::IAM::Policy'))
    .filter((policy) => JSON.stringify(policy.Properties.Roles).includes(prefix))
    .flatMap((policy) => policy.Properties.PolicyDocument.Statement);
}
const actions = (slot: string): string[] => statements(slot).flatMap((statement) => statement.Action);
const allowing = (slot: string, action: string): Statement[] =>
  statements(slot).filter((statement) => [statement.Action].flat().includes(action));
const SLOTS = ['manager-1', 'worker-1', 'worker-2'];

describe.each(names)('stack %s', (name) => {
  it('has not changed by accident', () => {
    expect(masked(templates[name])).toMatchSnapshot();
  });

  it('comes back from being rewritten for the lab as it was', () => {
    const template = templates[name].toJSON();
    const every = new Set([...typesOf(template).keys()].filter((type) => type.startsWith('AWS::')));
    for (const served of [every, new Set([...every].filter((_, i) => i % 2 === 0)), new Set<string>()]) {
      const rewritten = rewriteTemplate(template, served, 'arn:token').template;
      expect(restoreTemplate(rewritten, 'arn:token')).toEqual(template);
    }
  });
});

describe('security groups', () => {
  it('let nothing in but what Swarm nodes say to each other', () => {
    const inline = Object.values(templates.swarm.findResources('AWS::EC2::SecurityGroup')).flatMap(
      (group) => group.Properties.SecurityGroupIngress ?? [],
    );
    expect(inline).toEqual([]);
    const ingress = Object.values(templates.swarm.findResources('AWS::EC2::SecurityGroupIngress'));
    const rules = ingress.map(({ Properties: p }) => `${p.IpProtocol} ${p.FromPort}-${p.ToPort}`).sort();
    expect(rules).toEqual(['50 50-50', 'tcp 2377-2377', 'tcp 7946-7946', 'udp 4789-4789', 'udp 7946-7946']);
    for (const { Properties } of ingress) {
      expect(Properties.SourceSecurityGroupId).toBeDefined();
      expect(Properties.CidrIp ?? Properties.CidrIpv6).toBeUndefined();
    }
  });

  it('let nodes out by HTTPS only', () => {
    const outwards = Object.values(templates.swarm.findResources('AWS::EC2::SecurityGroup')).flatMap(
      (group) => group.Properties.SecurityGroupEgress ?? [],
    );
    expect(outwards.filter((rule) => rule.CidrIp === '0.0.0.0/0').map((rule) => rule.FromPort)).toEqual([443]);
  });
});

describe('roles', () => {
  it('keep workers from every secret and from the token of managers', () => {
    expect(actions('worker-1')).toContain('ssm:GetParameter');
    expect(actions('worker-1').filter((action) => action.startsWith('secretsmanager:'))).toEqual([]);
    const worker = JSON.stringify(statements('worker-1'));
    expect(worker).toContain('/metals/test/swarm/worker-token');
    expect(worker).not.toContain('manager-token');
    expect(worker).not.toContain('ssm:PutParameter');
  });

  it('let managers read exactly the secrets of this stage, those of external engines included', () => {
    const reading = allowing('manager-1', 'secretsmanager:GetSecretValue');
    expect(reading).toHaveLength(1);
    expect(reading[0]?.Resource).toHaveLength(Object.keys({ ...SECRETS, ...EXTERNAL_SECRETS }).length);
    expect(JSON.stringify(reading[0]?.Resource)).not.toContain('*');
  });

  it.each(SLOTS)('let %s attach its own volume alone, to an instance of its own slot alone', (slot) => {
    const attach = allowing(slot, 'ec2:AttachVolume');
    expect(attach).toHaveLength(2);
    const [volume, instance] = attach as [Statement, Statement];
    const volumes = JSON.stringify(volume.Resource).match(/PublishOutputRefVolumes[a-z]+\d/g);
    expect(volumes).toEqual([`PublishOutputRefVolumes${slot.replace('-', '')}`]);
    expect(JSON.stringify(instance.Resource)).toContain('instance/*');
    expect(instance.Condition?.StringEquals).toEqual({
      'aws:ResourceTag/metals:stage': 'test',
      'aws:ResourceTag/metals:slot': slot,
    });
    for (const { Condition } of attach) {
      expect(JSON.stringify(Condition?.ArnLike?.['ec2:SourceInstanceARN'])).toContain('instance/*');
    }
  });

  it.each(SLOTS)('let %s signal its own stack, and call unhealthy the instance of its own slot', (slot) => {
    expect(JSON.stringify(allowing(slot, 'cloudformation:SignalResource'))).toContain('stack/metals-test-swarm/*');
    const [health, ...more] = allowing(slot, 'autoscaling:SetInstanceHealth');
    expect(more).toEqual([]);
    expect(JSON.stringify(health?.Resource)).toContain('autoScalingGroupName/metals-test-swarm-*');
    expect(health?.Condition?.StringEquals).toMatchObject({ 'aws:ResourceTag/metals:slot': slot });
  });

  it.each(SLOTS)('let %s report metrics of its stage alone', (slot) => {
    const [metrics, ...more] = allowing(slot, 'cloudwatch:PutMetricData');
    expect(more).toEqual([]);
    expect(metrics).toEqual({
      ...{ Action: 'cloudwatch:PutMetricData', Effect: 'Allow', Resource: '*' },
      Condition: { StringEquals: { 'cloudwatch:namespace': 'Metals/test' } },
    });
    expect(actions(slot).filter((action) => action.startsWith('cloudwatch:'))).toHaveLength(1);
  });

  it('let nodes pull from the bootstrap repository, and managers alone read bundles of their stage', () => {
    for (const slot of SLOTS) {
      const resource = JSON.stringify(allowing(slot, 'ecr:BatchGetImage').map(({ Resource }) => Resource));
      expect(resource).toContain('repository/cdk-hnb659fds-container-assets-123456789012-eu-west-1"');
    }
    expect(actions('worker-1').filter((action) => action.startsWith('s3:'))).toEqual([]);
    expect(actions('manager-1').filter((action) => action.startsWith('s3:'))).toEqual(['s3:GetObject']);
    const [bundles] = allowing('manager-1', 's3:GetObject');
    expect(JSON.stringify(bundles?.Resource)).toContain(
      ':s3:::cdk-hnb659fds-assets-123456789012-eu-west-1/metals/test/*.gz"',
    );
    templates.pipeline.hasResourceProperties('Custom::RunCommand', {
      DocumentName: 'metals-test-stack-deploy',
      Parameters: Match.objectLike({ BundleKey: Match.stringLikeRegexp('^metals/test/[0-9a-f]{64}\\.gz$') }),
    });
  });

  it('carry no policy that AWS manages, because those read every parameter of the account', () => {
    for (const role of Object.values(templates.swarm.findResources('AWS::IAM::Role'))) {
      expect(JSON.stringify(role.Properties.ManagedPolicyArns ?? '')).not.toContain('AmazonSSM');
    }
  });

  it('send documents of their stage only', () => {
    const sending = Object.values(templates.swarm.findResources('AWS::IAM::Policy'))
      .flatMap((policy) => policy.Properties.PolicyDocument.Statement)
      .filter((statement) => statement.Action === 'ssm:SendCommand');
    expect(sending).toHaveLength(2);
    expect(JSON.stringify(sending)).toContain('document/metals-test-*');
    expect(sending).toContainEqual(
      expect.objectContaining({ Condition: { StringEquals: { 'ssm:resourceTag/metals:stage': 'test' } } }),
    );
  });
});

describe('node slots', () => {
  it('name their interface and nothing that would make a new one', () => {
    const launchTemplates = Object.values(templates.swarm.findResources('AWS::EC2::LaunchTemplate'));
    expect(launchTemplates).toHaveLength(3);
    for (const { Properties } of launchTemplates) {
      const data = Properties.LaunchTemplateData;
      expect(data).toMatchObject({
        ImageId: AMI,
        InstanceType: 't3.medium',
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      });
      expect(data.NetworkInterfaces).toEqual([
        { DeviceIndex: 0, NetworkInterfaceId: expect.anything(), DeleteOnTermination: false },
      ]);
      expect(data).not.toHaveProperty('SecurityGroupIds');
    }
  });

  it('hold one instance, which goes before another comes', () => {
    const groups = Object.values(templates.swarm.findResources('AWS::AutoScaling::AutoScalingGroup'));
    expect(groups).toHaveLength(3);
    for (const { Properties, CreationPolicy, UpdatePolicy } of groups) {
      expect(Properties).toMatchObject({
        MinSize: '1',
        MaxSize: '1',
        AvailabilityZones: expect.anything(),
        InstanceMaintenancePolicy: { MinHealthyPercentage: 0, MaxHealthyPercentage: 100 },
      });
      expect(Properties).not.toHaveProperty('VPCZoneIdentifier');
      expect(CreationPolicy).toEqual({ ResourceSignal: { Count: 1, Timeout: 'PT30M' } });
      expect(UpdatePolicy.AutoScalingRollingUpdate).toMatchObject({
        MinInstancesInService: 0,
        WaitOnResourceSignals: true,
        PauseTime: 'PT30M',
      });
    }
  });

  it('come and are replaced one after the other, managers first, each once its role has its policy', () => {
    const { swarm } = synthesise({ managers: 3 });
    const groups = swarm.findResources('AWS::AutoScaling::AutoScalingGroup');
    const slotOf = (id: string) =>
      groups[id]?.Properties.Tags.find((tag: { Key: string }) => tag.Key === 'metals:slot').Value as string;
    const before = Object.entries(groups).map(([id, group]) => {
      const waitsFor = group.DependsOn as string[];
      expect(waitsFor.some((other) => /^Roles.*DefaultPolicy/.test(other))).toBe(true);
      return [slotOf(id), waitsFor.filter((other) => other in groups).map(slotOf)];
    });
    expect(Object.fromEntries(before)).toEqual({
      'manager-1': [],
      'manager-2': ['manager-1'],
      'manager-3': ['manager-2'],
      'worker-1': ['manager-3'],
      'worker-2': ['worker-1'],
    });
  });

  it('know the group and the stack that they signal', () => {
    for (const [id, group] of Object.entries(templates.swarm.findResources('AWS::AutoScaling::AutoScalingGroup'))) {
      const template = group.Properties.LaunchTemplate.LaunchTemplateId.Ref as string;
      const { UserData } = templates.swarm.toJSON().Resources[template].Properties.LaunchTemplateData;
      expect(JSON.stringify(UserData)).toContain(`METALS_STACK=metals-test-swarm\\nMETALS_GROUP=${id}\\n`);
    }
  });

  it('keep the addresses that workers know their managers by', () => {
    const addresses = Object.values(templates.swarm.findResources('AWS::EC2::NetworkInterface'));
    expect(addresses.map(({ Properties }) => Properties.PrivateIpAddress)).toEqual([
      '10.40.3.11',
      '10.40.4.21',
      '10.40.5.22',
    ]);
  });

  it('have user data within the 16 KB that EC2 takes', () => {
    for (const { Properties } of Object.values(templates.swarm.findResources('AWS::EC2::LaunchTemplate'))) {
      const userData = JSON.stringify(Properties.LaunchTemplateData.UserData);
      expect(Buffer.byteLength(userData)).toBeLessThan(16 * 1024);
    }
  });
});

describe('the steps of a deployment', () => {
  const targets = ({ swarm, pipeline }: typeof templates): Record<string, unknown> =>
    Object.fromEntries(
      [swarm, pipeline]
        .flatMap((template) => Object.values(template.findResources('Custom::RunCommand')))
        .map(({ Properties: p }) => [
          p.DocumentName || `${p.OnDeleteDocumentName} ${p.OnDeleteParameters.Slot}`,
          [p.TargetValues, p.ExpectedInstanceCount, p.ManagerProbe, p.AlsoSlot].filter(Boolean).join(' '),
        ]),
    );

  it('speak to the manager where there is one', () => {
    expect(targets(templates)).toMatchObject({
      'metals-test-swarm-init': 'manager-1 1',
      'metals-test-swarm-label': 'manager-1 1 metals-test-stack-status',
      'metals-test-stack-deploy': 'manager-1 1 metals-test-stack-status',
      'metals-test-swarm-leave worker-2': 'manager-1 1 metals-test-stack-status worker-2',
    });
  });

  it('speak to any manager of several, but for the one that creates the Swarm', () => {
    const any = 'manager-1,manager-2,manager-3 1 metals-test-stack-status';
    const withThree = synthesise({ managers: 3 });
    const label = { Properties: { DocumentName: 'metals-test-swarm-label' } };
    const [step] = Object.values(withThree.swarm.findResources('Custom::RunCommand', label));
    expect(step!.DependsOn).toContainEqual(expect.stringMatching(/^Documentstackstatus/));
    expect(targets(withThree)).toMatchObject({
      'metals-test-swarm-init': 'manager-1 1',
      'metals-test-swarm-label': any,
      'metals-test-secrets-sync': any,
      'metals-test-stack-deploy': any,
      'metals-test-swarm-leave worker-2': `${any} worker-2`,
      'metals-test-swarm-leave manager-2': 'manager-1,manager-3 1 metals-test-stack-status manager-2',
    });
  });
});

describe('alarms', () => {
  const alarmsOf = ({ pipeline }: typeof templates) => Object.values(pipeline.findResources('AWS::CloudWatch::Alarm'));

  it('watch each file system of each slot, and take silence for a full disk', () => {
    const alarms = alarmsOf(templates);
    expect(alarms.map(({ Properties }) => Properties.Dimensions)).toEqual(
      SLOTS.flatMap((slot) =>
        ['data', 'root'].map((fileSystem) => [
          { Name: 'FileSystem', Value: fileSystem },
          { Name: 'Slot', Value: slot },
        ]),
      ),
    );
    for (const { Properties, DependsOn } of alarms) {
      expect(Properties).toMatchObject({
        ...{ Namespace: 'Metals/test', MetricName: 'DiskUsedPercent', Statistic: 'Maximum', Period: 3600 },
        ...{ ComparisonOperator: 'GreaterThanOrEqualToThreshold', Threshold: 80, EvaluationPeriods: 1 },
        TreatMissingData: 'breaching',
      });
      // Who has not been told a topic tells nobody.
      expect(Properties).not.toHaveProperty('AlarmActions');
      expect(DependsOn).toEqual([expect.stringMatching(/^Reprepare/)]);
    }
  });

  it('tell a topic, at another threshold, where that is configured', () => {
    const alarmTopicArn = 'arn:aws:sns:eu-west-1:123456789012:alarms';
    const alarms = alarmsOf(synthesise({ alarmTopicArn, diskAlarmPercent: 90 }));
    expect(alarms).toHaveLength(FILE_SYSTEMS.length * SLOTS.length);
    for (const { Properties } of alarms)
      expect(Properties).toMatchObject({ AlarmActions: [alarmTopicArn], Threshold: 90 });
  });

  it('watch what node-prepare reports', () => {
    const script = readFileSync(join(__dirname, '../../../assets/documents/node-prepare/run.sh'), 'utf8');
    expect(script).toContain(`--namespace "${metricNamespace('${METALS_STAGE}')}"`);
    expect(script).toContain(`MetricName: "${DISK_METRIC}"`);
    for (const fileSystem of FILE_SYSTEMS) expect(script).toContain(`disk_use ${fileSystem} `);
  });
});

describe('associations', () => {
  it('have a schedule: one without runs once on a new node, and never again if that fails', () => {
    const associations = [templates.swarm, templates.pipeline].flatMap((template) =>
      Object.values(template.findResources('AWS::SSM::Association')),
    );
    expect(associations.map(({ Properties }) => Properties.AssociationName).sort()).toEqual([
      'metals-test-rejoin',
      'metals-test-relabel',
      'metals-test-reprepare',
      'metals-test-republish',
      'metals-test-secrets',
    ]);
    for (const { Properties } of associations) expect(Properties.ScheduleExpression).toBe('rate(30 minutes)');
  });

  const association = (AssociationName: string) =>
    Object.values(templates.pipeline.findResources('AWS::SSM::Association', { Properties: { AssociationName } }))[0];
  const deployments = () =>
    templates.pipeline.findResources('Custom::RunCommand', {
      Properties: { DocumentName: 'metals-test-stack-deploy' },
    });

  it('deploy on managers what was deployed last and has converged, and only where a secret has changed', () => {
    const [[deploy, { Properties }]] = Object.entries(deployments()) as [[string, any]];
    const secrets = association(rotationAssociation('test'))!;
    expect(secrets.DependsOn).toContain(deploy);
    expect(secrets.Properties.Parameters).toEqual({
      ...Object.fromEntries(Object.entries(Properties.Parameters).map(([name, value]) => [name, [value]])),
      OnlyWhen: ['secrets-changed'],
    });
    expect(secrets.Properties.Targets).toContainEqual({ Key: 'tag:metals:slot', Values: ['manager-1'] });
    expect(Properties.Parameters.OnlyWhen).toBeUndefined();
  });

  it('let a node remove older images only once the version that they name has converged', () => {
    const reprepare = association('metals-test-reprepare');
    const [deploy] = Object.keys(deployments());
    expect(reprepare!.Properties.Parameters.Serving).toEqual(['yes']);
    expect(reprepare!.DependsOn).toContain(deploy);
    for (const { Properties } of Object.values(templates.pipeline.findResources('Custom::RunCommand'))) {
      expect(Properties.Parameters?.Serving).toBeUndefined();
    }
  });
});

describe('cdk.json', () => {
  it('asks before a deployment that broadens permissions or opens security groups', () => {
    expect(requireApproval).toBe('broadening');
  });
});

describe('documents', () => {
  it('are all there, by name, and can change their content', () => {
    const documents = Object.values(templates.swarm.findResources('AWS::SSM::Document'));
    expect(documents.map(({ Properties }) => Properties.Name).sort()).toEqual(
      DOCUMENTS.map((id) => `metals-test-${id}`).sort(),
    );
    for (const { Properties } of documents) expect(Properties.UpdateMethod).toBe('NewVersion');
  });

  it('run again when they change', () => {
    templates.pipeline.hasResourceProperties('Custom::RunCommand', {
      DocumentName: 'metals-test-stack-deploy',
      DocumentHash: Match.stringLikeRegexp('^[0-9a-f]{64}$'),
      OnDeleteDocumentName: 'metals-test-stack-remove',
    });
  });
});

describe('data', () => {
  /** Statements of the function that serves custom resources of this kind, by their actions. */
  const granted = (kind: string, of = templates.data): Record<string, Statement> =>
    Object.fromEntries(
      Object.entries(of.findResources('AWS::IAM::Policy'))
        .filter(([logicalId]) => logicalId.startsWith(`${kind}HandlerServiceRole`))
        .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[])
        .map((statement) => [[statement.Action].flat().join(), statement]),
    );
  const actionsOf = (statements: Record<string, Statement>): string[] =>
    Object.values(statements).flatMap(({ Action }) => Action);
  const inProperties = (type: string, of = templates.data): Record<string, string>[] =>
    Object.values(of.findResources(type)).map(({ Properties: { ServiceToken: _, ...properties } }) => properties);

  it('outlives the stacks on AWS, a volume for each slot and the secrets by their names', () => {
    expect(inProperties('Custom::KeptVolume')).toEqual(
      SLOTS.map((Slot) => ({
        ...{ Stage: 'test', Slot, Role: Slot.split('-')[0], SizeGiB: '20', OnDelete: 'keep' },
        AvailabilityZone: expect.stringMatching(/^eu-west-1[a-c]$/),
        Holds: expect.any(String),
      })),
    );
    expect(
      inProperties('Custom::KeptSecret').map(({ Name, Principals, OnDelete }) => [Name, Principals, OnDelete]),
    ).toEqual(Object.entries(SECRETS).map(([id, principals]) => [`metals/test/${id}`, principals.join(','), 'keep']));
  });

  it('has no value of a secret in a template', () => {
    for (const properties of inProperties('Custom::KeptSecret')) {
      expect(Object.keys(properties).sort()).toEqual(['Description', 'Name', 'OnDelete', 'Principals', 'Stage']);
    }
  });

  it('is touched by its functions alone, each by what is its own', () => {
    const secrets = granted('Secrets');
    expect(Object.keys(secrets).sort()).toEqual([
      'secretsmanager:CreateSecret,secretsmanager:TagResource',
      'secretsmanager:DescribeSecret,secretsmanager:RestoreSecret',
      'secretsmanager:GetRandomPassword',
      'secretsmanager:GetSecretValue,secretsmanager:PutSecretValue',
    ]);
    const named = (action: string) => JSON.stringify(secrets[action]!.Resource).match(/secret:[^"]+/g);
    expect(named('secretsmanager:DescribeSecret,secretsmanager:RestoreSecret')).toEqual([
      'secret:metals/test/api-key-??????',
      'secret:metals/test/kafka-password-??????',
      'secret:metals/test/mongodb-password-??????',
    ]);
    expect(named('secretsmanager:GetSecretValue,secretsmanager:PutSecretValue')).toEqual([
      'secret:metals/test/kafka-password-??????',
      'secret:metals/test/mongodb-password-??????',
    ]);

    const volumes = granted('Volumes');
    expect(Object.entries(volumes).map(([actions, { Condition }]) => [actions, Condition?.StringEquals])).toEqual([
      ['ec2:CreateVolume', { 'aws:RequestTag/metals:stage': 'test' }],
      ['ec2:CreateTags', { 'ec2:CreateAction': 'CreateVolume' }],
      ['ec2:ModifyVolume', { 'aws:ResourceTag/metals:stage': 'test' }],
      ['ec2:DescribeVolumes,ec2:DescribeVolumesModifications', undefined],
      ['ssm:GetParameter', undefined],
      ['cloudformation:DescribeStacks', undefined],
    ]);
    expect(JSON.stringify(volumes['ssm:GetParameter']!.Resource)).toContain('parameter/metals/test/swarm/claim"');
  });

  it('is said by name of each volume that holds it alone, and so is the Swarm of a single manager', () => {
    const holds = (settings: Record<string, unknown>): Record<string, string | undefined> =>
      Object.fromEntries(
        Object.values(synthesise(settings).data.findResources('Custom::KeptVolume')).map(({ Properties }) => [
          Properties.Slot as string,
          Properties.Holds as string | undefined,
        ]),
      );
    expect(holds({})).toEqual({ 'manager-1': 'swarm', 'worker-1': 'kafka', 'worker-2': 'mongodb' });
    expect(holds({ managers: 3, mongodbSlot: 'worker-1' })).toMatchObject({
      'manager-1': undefined,
      'worker-1': 'kafka,mongodb',
    });
  });

  it('is looked for again in every stack, once a volume has gone: the CDK skips a template that is the same', () => {
    const before = synthesise();
    const after = synthesise({ dataVolumes: '0123456789abcdef' });
    for (const id of ['data', 'swarm', 'pipeline'] as const)
      expect(after[id].toJSON()).not.toEqual(before[id].toJSON());
  });

  it('is in daily snapshots, which are found by the tag that the volumes are made with', () => {
    const [policy, ...more] = Object.values(templates.data.findResources('AWS::DLM::LifecyclePolicy'));
    expect(more).toEqual([]);
    expect(policy?.Properties).toMatchObject({
      State: 'ENABLED',
      Description: expect.stringMatching(/^[0-9A-Za-z _-]+$/),
      PolicyDetails: {
        PolicyType: 'EBS_SNAPSHOT_MANAGEMENT',
        ResourceTypes: ['VOLUME'],
        TargetTags: [{ Key: 'metals:stage', Value: 'test' }],
        Schedules: [
          {
            CreateRule: { Interval: 24, IntervalUnit: 'HOURS', Times: ['03:00'] },
            RetainRule: { Interval: 7, IntervalUnit: 'DAYS' },
            CopyTags: true,
          },
        ],
      },
    });
    // Nothing else may carry the tag: the instances' root disks are made by the launch templates.
    expect(JSON.stringify(templates.swarm.findResources('AWS::EC2::LaunchTemplate'))).not.toContain(
      'TagSpecifications',
    );
  });

  it('has a role for its snapshots that touches this stage’s volumes and snapshots alone', () => {
    const [role] = Object.values(templates.data.findResources('AWS::IAM::Role')).filter(({ Properties }) =>
      JSON.stringify(Properties.AssumeRolePolicyDocument).includes('dlm.amazonaws.com'),
    );
    expect(role?.Properties.ManagedPolicyArns).toBeUndefined();
    expect(role?.Properties.AssumeRolePolicyDocument.Statement[0].Condition).toMatchObject({
      StringEquals: { 'aws:SourceAccount': '123456789012' },
    });
    const [policy] = Object.entries(templates.data.findResources('AWS::IAM::Policy')).filter(([id]) =>
      id.startsWith('SnapshotsRole'),
    );
    const granted = (policy?.[1].Properties.PolicyDocument.Statement as Statement[]).map((statement) => [
      [statement.Action].flat().join(),
      JSON.stringify(statement.Resource).match(/[a-z]+\/\*|^"\*"$/)?.[0],
      statement.Condition?.StringEquals,
    ]);
    const ofStage = { 'aws:ResourceTag/metals:stage': 'test' };
    expect(granted).toEqual([
      ['ec2:CreateSnapshot', 'volume/*', ofStage],
      ['ec2:CreateSnapshot,ec2:CreateTags', 'snapshot/*', undefined],
      ['ec2:DeleteSnapshot', 'snapshot/*', ofStage],
      ['ec2:DescribeInstances,ec2:DescribeSnapshots,ec2:DescribeVolumes', '"*"', undefined],
    ]);
  });

  it('is protected from termination where it keeps data, but in the stage dev, and is the last that a destruction comes to', () => {
    expect(stacksOf({ stage: 'dev' }).data.terminationProtection).toBe(false);
    expect(stacksOf({ dataRemoval: 'destroy' }).data.terminationProtection).toBe(false);
    const { network, data } = stacksOf();
    expect(data.terminationProtection).toBe(true);
    expect(network.dependencies).toEqual([data]);
  });

  it('goes with the stacks only where the configuration says so', () => {
    const { data } = synthesise({ dataRemoval: 'destroy' });
    // Snapshots would outlive it.
    data.resourceCountIs('AWS::DLM::LifecyclePolicy', 0);
    for (const type of ['Custom::KeptVolume', 'Custom::KeptSecret']) {
      for (const { OnDelete } of inProperties(type, data)) expect(OnDelete).toBe('delete');
    }
    expect(actionsOf(granted('Secrets', data))).toContain('secretsmanager:DeleteSecret');
    expect(granted('Volumes', data)['ec2:DeleteVolume,ec2:ModifyVolume']?.Condition?.StringEquals).toEqual({
      'aws:ResourceTag/metals:stage': 'test',
    });
  });
});
