/** Systems Manager: documents, commands, associations and managed nodes are the lab's; parameters are ministack's. */
import { AwsError } from '../errors';
import { associationFilter, associationSummary, associationView } from './association-views';
import type { Associations } from './associations';
import { commandFilter } from './command-filter';
import { commandView, invocationOutput, invocationView } from './command-views';
import type { CommandRecord, InvocationRecord } from './command-records';
import type { Commands } from './commands';
import { describeDocument, ownerOf, type Documents } from './documents';
import type { NodeSessions } from '../session-manager/node-sessions';
import { sessionActions } from '../session-manager/session-api';
import { describeNode, filterNodes, nodeProperties } from './managed-nodes';
import { pageReply } from './pages';
import type { ManagedNodes } from './targets';
import { jsonReply } from '../front-door/wire';
import type { ActionHandler, Interceptor } from '../types';

export interface SsmDependencies {
  readonly documents: Documents;
  readonly commands: Commands;
  readonly associations: Associations;
  readonly nodes: ManagedNodes;
  readonly sessions: NodeSessions;
}

/** Parameter Store is ministack's; for nothing else its answers may be believed. */
const FORWARDED = /^(Get|Put|Delete|Describe|Label|Unlabel)Parameters?(ByPath|History|Version)?$/;
const TAG_ACTIONS = ['AddTagsToResource', 'RemoveTagsFromResource', 'ListTagsForResource'];

export function createSsm(dependencies: SsmDependencies): Interceptor {
  const handlers: Readonly<Record<string, ActionHandler>> = {
    ...documentActions(dependencies),
    ...commandActions(dependencies),
    ...associationActions(dependencies),
    ...nodeActions(dependencies),
    ...sessionActions(dependencies.sessions),
  };
  return async ({ action, params, message }) => {
    const handler = handlers[action];
    if (handler) return jsonReply(handler(params, message.headers.host!));
    if (FORWARDED.test(action)) return undefined;
    if (TAG_ACTIONS.includes(action)) return tagAction(dependencies.documents, action, params);
    throw new AwsError('UnsupportedOperation', `the lab does not implement ssm:${action}`);
  };
}

function documentActions({ documents }: SsmDependencies): Record<string, ActionHandler> {
  return {
    CreateDocument: (params) => ({ DocumentDescription: describeDocument(documents.create(params), 1) }),
    UpdateDocument: (params) => {
      const document = documents.addVersion(params);
      return { DocumentDescription: describeDocument(document, document.versions.length) };
    },
    UpdateDocumentDefaultVersion: ({ Name, DocumentVersion }) => {
      documents.setDefaultVersion(Name, Number(DocumentVersion));
      return { Description: { Name, DefaultVersion: DocumentVersion } };
    },
    DeleteDocument: ({ Name }) => {
      documents.delete(Name);
      return {};
    },
    DescribeDocument: ({ Name, DocumentVersion }) => {
      const document = documents.get(Name);
      documents.content(document, DocumentVersion);
      return { Document: describeDocument(document, documents.versionNumber(document, DocumentVersion)) };
    },
    GetDocument: ({ Name, DocumentVersion }) => {
      const document = documents.get(Name);
      return {
        Name: document.name,
        DocumentVersion: String(documents.versionNumber(document, DocumentVersion)),
        Status: 'Active',
        Content: JSON.stringify(documents.content(document, DocumentVersion), undefined, 2),
        DocumentType: document.type,
        DocumentFormat: 'JSON',
      };
    },
    ListDocuments: (params) => pageReply('DocumentIdentifiers', listDocuments(documents, params), params),
    ListDocumentVersions: ({ Name }) => {
      const document = documents.get(Name);
      return {
        DocumentVersions: document.versions.map(({ createdTime }, index) => ({
          Name,
          DocumentVersion: String(index + 1),
          CreatedDate: createdTime,
          IsDefaultVersion: document.defaultVersion === index + 1,
          DocumentFormat: document.format,
          Status: 'Active',
        })),
      };
    },
  };
}

function listDocuments(
  documents: Documents,
  params: { Filters?: { Key: string; Values: string[] }[]; DocumentFilterList?: { key: string; value: string }[] },
) {
  const filters = [
    ...(params.Filters ?? []),
    ...(params.DocumentFilterList ?? []).map(({ key, value }) => ({ Key: key, Values: [value] })),
  ];
  return documents
    .list()
    .map((document) => ({
      Name: document.name,
      Owner: ownerOf(document),
      PlatformTypes: ['Linux'],
      DocumentVersion: String(document.defaultVersion),
      DocumentType: document.type,
      SchemaVersion: '2.2',
      DocumentFormat: document.format,
      Tags: document.tags,
    }))
    .filter((each) =>
      filters.every(({ Key: key, Values: values }) => {
        if (/^name$/i.test(key)) return values.some((value) => each.Name.startsWith(value));
        if (/^owner$/i.test(key)) return values.includes(each.Owner === 'Amazon' ? 'Amazon' : 'Self');
        if (/^documenttype$/i.test(key)) return values.includes(each.DocumentType);
        throw new AwsError('InvalidFilterKey', `filter key '${key}'; the lab knows Name, Owner and DocumentType`);
      }),
    );
}

function commandActions({ commands }: SsmDependencies): Record<string, ActionHandler> {
  const visible = (params: { CommandId?: string; InstanceId?: string }): CommandRecord[] => {
    const { CommandId: id, InstanceId: instanceId } = params;
    const chosen = id ? [required(commands, id)] : commands.list().filter((command) => !command.associationId);
    return instanceId ? chosen.filter((command) => instanceId in command.invocations) : chosen;
  };
  return {
    SendCommand: (params) => ({ Command: commandView(commands.send(params).command) }),
    CancelCommand: ({ CommandId }) => {
      commands.cancel(CommandId);
      return {};
    },
    ListCommands: (params) =>
      pageReply('Commands', visible(params).filter(commandFilter(params.Filters)), params, (command) =>
        commandView(command),
      ),
    ListCommandInvocations: (params) => {
      const all = visible(params).flatMap((command) =>
        Object.values(command.invocations)
          .filter(({ instanceId }) => !params.InstanceId || instanceId === params.InstanceId)
          .map((invocation) => invocationView(command, invocation, params.Details === true)),
      );
      return pageReply('CommandInvocations', all, params);
    },
    GetCommandInvocation: ({ CommandId, InstanceId, PluginName }) => {
      const command = commands.get(CommandId);
      const invocation: InvocationRecord | undefined = command?.invocations[InstanceId];
      if (!command || !invocation) {
        throw new AwsError('InvocationDoesNotExist', `command ${CommandId} has no invocation on ${InstanceId}`);
      }
      if (PluginName && !invocation.steps.some(({ name }) => name === PluginName)) {
        throw new AwsError('InvalidPluginName', `command ${CommandId} has no step '${PluginName}'`);
      }
      return invocationOutput(command, invocation, PluginName);
    },
  };
}

function required(commands: Commands, id: string): CommandRecord {
  const command = commands.get(id);
  if (command) return command;
  throw new AwsError('InvalidCommandId', `command ${id} does not exist`);
}

function associationActions({ associations }: SsmDependencies): Record<string, ActionHandler> {
  return {
    CreateAssociation: (params) => {
      const association = associations.create(params);
      associations.applyLater(association.id, 'created');
      return { AssociationDescription: associationView(association) };
    },
    UpdateAssociation: ({ AssociationId, ...changes }) => {
      const association = associations.update(AssociationId, { ...associations.get(AssociationId).input, ...changes });
      associations.applyLater(AssociationId, 'changed');
      return { AssociationDescription: associationView(association) };
    },
    DeleteAssociation: ({ AssociationId }) => {
      associations.delete(associations.get(AssociationId).id);
      return {};
    },
    DescribeAssociation: ({ AssociationId }) => ({
      AssociationDescription: associationView(associations.get(AssociationId)),
    }),
    ListAssociations: ({ AssociationFilterList = [] }) => ({
      Associations: associations.list().filter(associationFilter(AssociationFilterList)).map(associationSummary),
    }),
    StartAssociationsOnce: ({ AssociationIds }) => {
      for (const id of AssociationIds as string[]) associations.get(id);
      for (const id of AssociationIds as string[]) associations.applyAgain(id, 'asked for');
      return {};
    },
    DescribeAssociationExecutionTargets: ({ AssociationId }) => ({
      AssociationExecutionTargets: Object.entries(associations.get(AssociationId).runs).map(([ResourceId, run]) => ({
        AssociationId,
        ResourceId,
        ResourceType: 'ManagedInstance',
        Status: run.status,
        DetailedStatus: run.statusDetails,
        LastExecutionDate: run.time,
        OutputSource: { OutputSourceId: run.commandId, OutputSourceType: 'RunCommand' },
      })),
    }),
  };
}

function nodeActions({ nodes }: SsmDependencies): Record<string, ActionHandler> {
  return {
    DescribeInstanceInformation: (params) => ({
      InstanceInformationList: filterNodes(nodes.list(), params).map(describeNode),
    }),
    DescribeInstanceProperties: (params) => ({
      InstanceProperties: filterNodes(nodes.list(), params).map(nodeProperties),
    }),
    GetConnectionStatus: ({ Target }) => ({
      Target,
      Status: nodes.list().find(({ id }) => id === Target)?.online ? 'connected' : 'notconnected',
    }),
  };
}

/** Tags of documents are kept here, those of parameters by ministack. */
function tagAction(
  documents: Documents,
  action: string,
  params: { ResourceType: string; ResourceId: string; Tags?: { Key: string; Value: string }[]; TagKeys?: string[] },
) {
  if (params.ResourceType === 'Parameter') return undefined;
  if (params.ResourceType !== 'Document') {
    throw new AwsError(
      'InvalidResourceType',
      `resource type '${params.ResourceType}'; the lab tags Document and Parameter`,
    );
  }
  const { tags } = documents.get(params.ResourceId);
  if (action === 'ListTagsForResource') return jsonReply({ TagList: tags });
  const changed = params.Tags ?? [];
  const gone = new Set([...(params.TagKeys ?? []), ...changed.map(({ Key }) => Key)]);
  documents.setTags(params.ResourceId, [...tags.filter(({ Key }) => !gone.has(Key)), ...changed]);
  return jsonReply({});
}
