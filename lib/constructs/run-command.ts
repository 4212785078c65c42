import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { documentLogGroup, TAG } from '../contract';
import { BundledFunction } from './bundled-function';
import type { CommandDocument } from './command-document';
import { FunctionProvider } from './function-provider';
import type { CommandProperties } from './run-command.handler';

/** How long nodes may take to come online before a command is sent to them. */
const ONLINE_TIMEOUT = Duration.minutes(12);
/** CDK's provider framework allows one hour at most. */
const TOTAL_TIMEOUT = Duration.minutes(60);

export interface RunCommandProviderProps {
  readonly stage: string;
}

/**
 * Sends documents to nodes on behalf of CloudFormation and waits for them.
 *
 * Resources Deployed: two Lambda functions, CDK's provider framework with a Step Functions waiter.
 *
 * Security Considerations: it may send this stage's documents only, to instances with this stage's tag only.
 */
export class RunCommandProvider extends Construct {
  readonly serviceToken: string;
  readonly stage: string;

  constructor(scope: Construct, id: string, props: RunCommandProviderProps) {
    super(scope, id);
    this.stage = props.stage;
    const program = 'run-command';
    const onEvent = new BundledFunction(this, 'OnEvent', {
      program,
      handler: 'onEvent',
      timeout: ONLINE_TIMEOUT.plus(Duration.minutes(1)),
      description: 'Waits for nodes to be online and sends them a document',
    });
    const isComplete = new BundledFunction(this, 'IsComplete', {
      program,
      handler: 'isComplete',
      timeout: Duration.minutes(1),
      description: 'Looks whether a document has finished on every node, and explains a failure',
    });
    const { partition, region, account } = Stack.of(this);
    onEvent.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['ssm:SendCommand'],
        resources: [`arn:${partition}:ssm:${region}:${account}:document/metals-${props.stage}-*`],
      }),
    );
    onEvent.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['ssm:SendCommand'],
        resources: [`arn:${partition}:ec2:${region}:${account}:instance/*`],
        conditions: { StringEquals: { [`ssm:resourceTag/${TAG.stage}`]: props.stage } },
      }),
    );
    for (const handler of [onEvent, isComplete]) {
      handler.addToRolePolicy(
        new iam.PolicyStatement({
          // These actions know no resource; they read, and cancel what was sent to the wrong number of nodes.
          actions: [
            'ssm:DescribeInstanceInformation',
            'ssm:ListCommands',
            'ssm:ListCommandInvocations',
            'ssm:GetCommandInvocation',
            'ssm:CancelCommand',
          ],
          resources: ['*'],
        }),
      );
    }
    this.serviceToken = new FunctionProvider(this, 'Provider', {
      onEventHandler: onEvent,
      isCompleteHandler: isComplete,
      queryInterval: Duration.seconds(5),
      totalTimeout: TOTAL_TIMEOUT,
    }).serviceToken;
  }
}

export interface RunCommandProps {
  readonly provider: RunCommandProvider;
  readonly document: CommandDocument;
  /** Tag and values that choose the nodes. */
  readonly target: { readonly tag: string; readonly values: readonly string[] };
  /** How many nodes that must be; a target that matches nothing would look like success. */
  readonly expectedInstanceCount: number;
  /** @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Document to send when the resource is deleted. @default nothing is sent */
  readonly onDelete?: CommandDocument;
}

/** Runs a document at deployment; the reason of a failure is in the CloudFormation event. */
export class RunCommand extends Construct {
  readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: RunCommandProps) {
    super(scope, id);
    const { document, provider } = props;
    const given = Object.keys(props.parameters ?? {});
    const unknown = given.filter((name) => !document.loaded.parameters.includes(name));
    if (unknown.length) throw new Error(`document ${document.name} has no parameter ${unknown.join(', ')}`);
    const properties: CommandProperties = {
      DocumentName: document.name,
      DocumentHash: document.loaded.hash,
      OnDeleteDocumentName: props.onDelete?.name ?? '',
      TargetTag: props.target.tag,
      TargetValues: props.target.values.join(','),
      // Every target carries the stage too: two stages may share an account.
      Stage: provider.stage,
      ExpectedInstanceCount: String(props.expectedInstanceCount),
      OnlineTimeoutSeconds: String(ONLINE_TIMEOUT.toSeconds()),
      TimeoutSeconds: String(document.loaded.timeoutSeconds + 60),
      LogGroupName: documentLogGroup(provider.stage),
      Parameters: { ...props.parameters },
    };
    this.resource = new CustomResource(this, 'Resource', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::RunCommand',
      properties,
    });
    this.node.addDependency(document.resource);
    if (props.onDelete) this.node.addDependency(props.onDelete.resource);
  }
}
