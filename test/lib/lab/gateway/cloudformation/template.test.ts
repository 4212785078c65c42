import {
  customTypeOf,
  originalTypeOf,
  restoreTemplate,
  restoreTypeNames,
  rewriteTemplate,
  typesOf,
  type Template,
} from '../../../../../lib/lab/gateway/cloudformation/template';

const TOKEN = 'arn:aws:lambda:eu-west-1:000000000000:function:metals-lab-resources';
const SERVED = new Set(['AWS::EC2::Volume', 'AWS::AutoScaling::AutoScalingGroup', 'AWS::SSM::Document']);

/** A deterministic source of numbers, so that a failing template can be made again. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function randomValue(next: (limit: number) => number, depth: number): unknown {
  const leaf = [true, false, 42, 0, '', 'text', 'Custom::AWS-EC2-Volume', null, TOKEN, { Ref: 'Other' }];
  if (depth === 0 || next(3) === 0) return leaf[next(leaf.length)];
  const length = next(4);
  if (next(2) === 0) return Array.from({ length }, () => randomValue(next, depth - 1));
  const names = ['Tags', 'Fn::GetAtt', 'Type', 'Properties', 'UpdatePolicy', 'Key'];
  return Object.fromEntries(Array.from({ length }, () => [names[next(names.length)], randomValue(next, depth - 1)]));
}

function randomTemplate(seed: number): Template {
  const next = numbers(seed);
  const types = [...SERVED, 'AWS::S3::Bucket', 'Custom::Thing', 'Custom::AWS-Some-Thing', 'AWS::EC2::VPC'];
  const resource = () => ({
    Type: types[next(types.length)]!,
    ...(next(4) > 0
      ? { Properties: Object.fromEntries(Array.from({ length: next(5) }, (_, i) => [`P${i}`, randomValue(next, 3)])) }
      : {}),
    ...(next(3) === 0 ? { UpdatePolicy: { AutoScalingRollingUpdate: randomValue(next, 2) } } : {}),
    ...(next(4) === 0 ? { CreationPolicy: randomValue(next, 2) } : {}),
    ...(next(3) === 0
      ? { DeletionPolicy: 'Retain', DependsOn: ['R0'], Condition: 'C', Metadata: randomValue(next, 2) }
      : {}),
  });
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    ...(next(10) === 0
      ? {}
      : { Resources: Object.fromEntries(Array.from({ length: next(8) }, (_, i) => [`R${i}`, resource()])) }),
    Outputs: randomValue(next, 3),
  } as Template;
}

describe('rewriteTemplate and restoreTemplate', () => {
  it('are the identity together, on 2,000 generated templates', () => {
    let rewrittenResources = 0;
    for (let seed = 1; seed <= 2000; seed++) {
      const template = randomTemplate(seed);
      const before = structuredClone(template);
      const rewritten = rewriteTemplate(template, SERVED, TOKEN);
      rewrittenResources += rewritten.logicalIds.length;
      // As it travels: through JSON.
      const restored = restoreTemplate(JSON.parse(JSON.stringify(rewritten.template)), TOKEN);
      expect({ seed, restored }).toEqual({ seed, restored: JSON.parse(JSON.stringify(before)) });
      expect(template).toEqual(before);
    }
    expect(rewrittenResources).toBeGreaterThan(1000);
  });

  it('leave no served type and no attribute that custom resources may not have', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const { template, logicalIds } = rewriteTemplate(randomTemplate(seed), SERVED, TOKEN);
      for (const logicalId of logicalIds) {
        const resource = template.Resources![logicalId]!;
        expect(resource.Type).toMatch(/^Custom::AWS-/);
        expect(resource.Properties!.ServiceToken).toBe(TOKEN);
        expect(resource).not.toHaveProperty('UpdatePolicy');
        expect(resource).not.toHaveProperty('CreationPolicy');
      }
      for (const type of typesOf(template).keys()) expect(SERVED).not.toContain(type);
    }
  });

  it('keep an update policy as a property', () => {
    const template = {
      Resources: {
        G: { Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: { MinSize: '1' }, UpdatePolicy: { A: 1 } },
      },
    };
    expect(rewriteTemplate(template, SERVED, TOKEN).template.Resources!.G).toEqual({
      Type: 'Custom::AWS-AutoScaling-AutoScalingGroup',
      Properties: { ServiceToken: TOKEN, MinSize: '1', LabUpdatePolicy: { A: 1 } },
    });
  });

  it('refuse a property whose name the lab needs itself', () => {
    const template = { Resources: { V: { Type: 'AWS::EC2::Volume', Properties: { LabUpdatePolicy: 1 } } } };
    expect(() => rewriteTemplate(template, SERVED, TOKEN)).toThrow(
      'resource V (AWS::EC2::Volume) has a property LabUpdatePolicy, which the lab reserves',
    );
  });

  it("leave somebody else's custom resource alone, whatever it is called", () => {
    const template = { Resources: { R: { Type: 'Custom::AWS-EC2-Volume', Properties: { ServiceToken: 'arn:mine' } } } };
    expect(restoreTemplate(template, TOKEN)).toEqual(template);
  });
});

describe('type names', () => {
  it('convert there and back', () => {
    expect(customTypeOf('AWS::EC2::Volume')).toBe('Custom::AWS-EC2-Volume');
    expect(originalTypeOf('Custom::AWS-EC2-Volume')).toBe('AWS::EC2::Volume');
    expect(originalTypeOf('Custom::Thing')).toBeUndefined();
  });

  it('are restored in answers, but only those that the gateway serves', () => {
    const xml =
      '<ResourceType>Custom::AWS-EC2-Volume</ResourceType><ResourceType>Custom::AWS-Some-Thing</ResourceType>';
    expect(restoreTypeNames(xml, SERVED)).toBe(
      '<ResourceType>AWS::EC2::Volume</ResourceType><ResourceType>Custom::AWS-Some-Thing</ResourceType>',
    );
  });
});
