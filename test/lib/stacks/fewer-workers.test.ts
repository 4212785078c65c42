/** A stack is updated by itself: until the next one is, that one holds to what it was deployed with. */
import type { Template } from 'aws-cdk-lib/assertions';
import { synthesise } from './synthesise';

const [three, two, one] = [3, 2, 1].map((workers) => synthesise({ workers })) as [
  ReturnType<typeof synthesise>,
  ReturnType<typeof synthesise>,
  ReturnType<typeof synthesise>,
];

const commands = (template: Template, documentId: string): Record<string, any>[] =>
  Object.values(template.findResources('Custom::RunCommand'))
    .map(({ Properties }) => Properties as Record<string, any>)
    .filter((properties) => properties.DocumentName === `metals-test-${documentId}`);

describe('references between stacks', () => {
  it.each(Object.entries(two))(
    'hold nothing in stack %s that CloudFormation would not let change',
    (_name, template) => {
      expect(JSON.stringify(template.toJSON())).not.toContain('Fn::ImportValue');
      for (const output of Object.values(template.findOutputs('*'))) expect(output.Export).toBeUndefined();
    },
  );

  it.each([
    ['3', three],
    ['2', two],
    ['1', one],
  ])('name outputs that are there, with %s workers', (_workers, templates) => {
    const references = Object.values(templates).flatMap((template) => [
      ...JSON.stringify(template.toJSON()).matchAll(/"Fn::GetStackOutput":(\{[^{}]*\})/g),
    ]);
    expect(references.length).toBeGreaterThan(10);
    for (const [, text] of references) {
      const { StackName, OutputName } = JSON.parse(text as string) as { StackName: string; OutputName: string };
      const producer = templates[StackName.replace('metals-test-', '') as keyof typeof templates];
      expect([StackName, OutputName, Object.keys(producer.findOutputs('*')).includes(OutputName)]).toEqual([
        StackName,
        OutputName,
        true,
      ]);
    }
  });
});

describe('a worker slot that goes', () => {
  it('is counted by no command of the update, though its instance is still there', () => {
    for (const [template, id] of [
      [two.swarm, 'node-prepare'],
      [two.pipeline, 'node-prepare'],
    ] as const) {
      expect(commands(template, id)).toEqual([
        expect.objectContaining({
          TargetTag: 'metals:slot',
          TargetValues: 'manager-1,worker-1,worker-2',
          ExpectedInstanceCount: '3',
        }),
      ]);
    }
    expect(commands(two.swarm, 'swarm-join')).toEqual([
      expect.objectContaining({ TargetValues: 'worker-1,worker-2', ExpectedInstanceCount: '2' }),
    ]);
  });

  it('leaves the Swarm before its instance goes', () => {
    const leaving = (template: Template) =>
      Object.entries(template.findResources('Custom::RunCommand')).filter(
        ([, { Properties }]) => Properties.OnDeleteDocumentName === 'metals-test-swarm-leave',
      );
    expect(leaving(three.swarm)).toHaveLength(3);
    const kept = leaving(two.swarm).map(([logicalId]) => logicalId);
    const [gone] = leaving(three.swarm).filter(([logicalId]) => !kept.includes(logicalId));
    const [, resource] = gone!;
    expect(resource.Properties).toMatchObject({
      DocumentName: '',
      OnDeleteParameters: { Slot: 'worker-3', Address: '10.40.3.23' },
      OnDeleteWhen: 'removed',
      TargetTag: 'metals:slot',
      TargetValues: 'manager-1',
      AlsoSlot: 'worker-3',
      ExpectedInstanceCount: '1',
    });
    // CloudFormation deletes what depends on another first: the node leaves, then its group goes.
    const group = Object.keys(three.swarm.findResources('AWS::AutoScaling::AutoScalingGroup')).find((logicalId) =>
      logicalId.startsWith('Slotworker3'),
    );
    expect(group).toBeDefined();
    expect(resource.DependsOn).toContain(group);
  });
});
