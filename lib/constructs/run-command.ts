import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { documentLogGroup, TAG } from '../contract';
import { emptyParameters } from '../ssm';
import { bundledFunction } from './bundled-function';
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
 * Security Considerations: it may send this stage's documents only, to instances with this stage's tag only, and
 * describe its own stack.
 */
export class RunCommandProvider extends Construct {
  readonly serviceToken: string;
  readonly stage: string;

  constructor(scope: Construct, id: string, props: RunCommandProviderProps) {
    super(scope, id);
    this.stage = props.stage;
    const program = 'run-command';
    const onEvent = bundledFunction(this, 'OnEvent', {
      program,
      handler: 'onEvent',
      timeout: ONLINE_TIMEOUT.plus(Duration.minutes(2)),
      description: 'Waits for nodes to be online and sends them a document',
    });
    const isComplete = bundledFunction(this, 'IsComplete', {
      program,
      handler: 'isComplete',
      // Longer than a refused call is repeated (late-grants.ts).
      timeout: Duration.minutes(3),
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
    onEvent.addToRolePolicy(
      // Whether a resource goes by itself or with its stack.
      new iam.PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: [Stack.of(this).stackId] }),
    );
    onEvent.addToRolePolicy(
      // These know no resource: who is online, how many a command went to, and its end where that is the wrong number;
      // then what managers have answered, also where there is one from now on: the others leave once this has counted.
      new iam.PolicyStatement({
        actions: [
          ...['ssm:DescribeInstanceInformation', 'ssm:ListCommands', 'ssm:CancelCommand'],
          ...['ssm:ListCommandInvocations', 'ssm:GetCommandInvocation'],
        ],
        resources: ['*'],
      }),
    );
    isComplete.addToRolePolicy(
      // These read, and know no resource.
      new iam.PolicyStatement({
        actions: ['ssm:ListCommands', 'ssm:ListCommandInvocations', 'ssm:GetCommandInvocation'],
        resources: ['*'],
      }),
    );
    this.serviceToken = new FunctionProvider(this, 'Provider', {
      onEventHandler: onEvent,
      isCompleteHandler: isComplete,
      queryInterval: Duration.seconds(5),
      totalTimeout: TOTAL_TIMEOUT,
    }).serviceToken;
  }
}

/** Tag and values that choose nodes, and how many there must be: a target that matches nothing would look like success. */
export interface CommandTarget {
  readonly tag: string;
  readonly values: readonly string[];
  readonly instanceCount: number;
  /** One of them is enough: a manager. @default all of them */
  readonly any?: { readonly probe: CommandDocument; readonly alsoSlot: string | undefined };
}

/** The nodes of these slots, one each. Not of the whole stage: a slot that goes is still there during an update. */
export const slotTarget = (...slots: readonly string[]): CommandTarget => ({
  tag: TAG.slot,
  values: slots,
  instanceCount: slots.length,
});

/**
 * One of these managers, whichever can speak for the Swarm, and, with `alsoSlot`, the node of that slot if it is there. `probe`
 * succeeds on such a manager alone.
 */
export const managerTarget = (
  managers: readonly string[],
  probe: CommandDocument,
  alsoSlot?: string,
): CommandTarget => ({
  ...slotTarget(...managers.filter((slot) => slot !== alsoSlot)),
  instanceCount: 1,
  any: { probe, alsoSlot },
});

/** A document and what is sent to it. */
export interface Command {
  readonly document: CommandDocument;
  /** @default none */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface RunCommandProps {
  readonly provider: RunCommandProvider;
  readonly target: CommandTarget;
  /** Sent when the resource is created, and whenever the document or a parameter changes. @default nothing is sent */
  readonly command?: Command;
  /** What the command also depends on, by name: it is sent again when a value changes. @default none */
  readonly sentAgainFor?: Readonly<Record<string, string>>;
  /**
   * Sent when the resource is deleted, to those nodes of the target that are still there; with a target of managers, where one of
   * them can speak for the Swarm. @default nothing is sent
   */
  readonly onDelete?: Command;
  /** `removed`: not when the whole stack is deleted; for resources in the provider's own stack. @default always */
  readonly onDeleteWhen?: 'always' | 'removed';
}

/** The name and parameters of a command, checked; an empty name where there is none. */
function checked(command: Command | undefined): { name: string; parameters: Record<string, string> } {
  if (!command) return { name: '', parameters: {} };
  const { document } = command;
  const parameters = { ...command.parameters };
  const unknown = Object.keys(parameters).filter((name) => !document.loaded.parameters.includes(name));
  if (unknown.length) throw new Error(`document ${document.name} has no parameter ${unknown.join(', ')}`);
  const empty = Object.keys(parameters).filter((name) => parameters[name] === '');
  if (empty.length) throw new Error(emptyParameters(document.name, empty));
  return { name: document.name, parameters };
}

/** Runs a document at deployment; the reason of a failure is in the CloudFormation event. */
export class RunCommand extends Construct {
  readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: RunCommandProps) {
    super(scope, id);
    const { provider, target } = props;
    const documents = [props.command, props.onDelete].flatMap((command) => (command ? [command.document] : []));
    const [command, onDelete] = [checked(props.command), checked(props.onDelete)];
    const properties: CommandProperties = {
      DocumentName: command.name,
      DocumentHash: props.command?.document.loaded.hash ?? '',
      OnDeleteDocumentName: onDelete.name,
      OnDeleteParameters: onDelete.parameters,
      OnDeleteWhen: props.onDeleteWhen ?? 'always',
      TargetTag: target.tag,
      TargetValues: target.values.join(','),
      // Every target carries the stage too: two stages may share an account.
      Stage: provider.stage,
      ExpectedInstanceCount: String(target.instanceCount),
      ...(target.any && { ManagerProbe: target.any.probe.name }),
      ...(target.any?.alsoSlot && { AlsoSlot: target.any.alsoSlot }),
      OnlineTimeoutSeconds: String(ONLINE_TIMEOUT.toSeconds()),
      TimeoutSeconds: String(Math.max(...documents.map(({ loaded }) => loaded.timeoutSeconds)) + 60),
      LogGroupName: documentLogGroup(provider.stage),
      Parameters: command.parameters,
      ...(props.sentAgainFor && { SentAgainFor: props.sentAgainFor }),
    };
    this.resource = new CustomResource(this, 'Resource', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::RunCommand',
      properties,
    });
    const needed = target.any ? [...documents, target.any.probe] : documents;
    this.node.addDependency(...needed.map(({ resource }) => resource));
  }
}
