import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { RE2JS } from 're2js';
import { parse } from 'yaml';
import { type DocumentId, documentName } from '../contract';
import { REPOSITORY } from '../repository';
import { packed } from './packed-text';

const ASSETS_FOLDER = path.join(REPOSITORY, 'assets');
const DOCUMENTS_FOLDER = path.join(ASSETS_FOLDER, 'documents');

/** Functions that the boot of a node needs as well: they live there, and are in front of every document, too. */
const SHARED_LIBRARIES = ['esp.sh', 'wait.sh'].map((file) => path.join(ASSETS_FOLDER, 'host', 'lib', file));

/** Strictness, and what every document says and waits with. */
const ALWAYS_NEEDED = 'common.sh';

/** The limit of Systems Manager for a document's content. */
const CONTENT_LIMIT_BYTES = 64 * 1024;

/**
 * Above it, the functions of a document are packed: a template may have 1 MB [CloudFormation quotas], all documents are in that
 * of the swarm's stack, and so are 25 slots at most.
 */
const READABLE_BYTES = 32 * 1024;

/** A parameter as document.yml declares it. */
interface Parameter {
  readonly type: string;
  readonly description: string;
  readonly default?: string;
  readonly allowedPattern?: string;
  readonly allowedValues?: readonly string[];
  readonly interpolationType?: string;
}

/** document.yml: what Systems Manager calls the document's content, without its steps. */
interface Declaration {
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly parameters?: Readonly<Record<string, Parameter>>;
}

/** A document ready for Systems Manager. */
export interface LoadedDocument {
  readonly content: Record<string, unknown>;
  /** Names of its parameters. */
  readonly parameters: readonly string[];
  /** How long its step may run. */
  readonly timeoutSeconds: number;
  /** SHA-256 of the content: a changed document is a changed command. */
  readonly hash: string;
}

/** The script as it is sent: a bash line, the shared functions, the document's own lines. */
export function joinScript(libraries: readonly string[], script: string): string {
  const bodies = [...libraries, script].map((text) => text.replace(/^#!.*\n/, '').trimEnd());
  return ['#!/bin/bash', ...bodies, ''].join('\n');
}

/** Functions and variables that a library defines, each at the beginning of a line. */
const namesIn = (library: string): string[] =>
  [...library.matchAll(/^(?:export )?([A-Za-z_]\w*)(?:\(\) \{|=)/gm)].map(([, name]) => name!);

/**
 * Of these libraries, in their order, those that a script names something of, directly or through another one: all of them
 * together would leave a document too little of the limit. Comments name nothing; another word that happens to be a name only
 * makes it longer.
 */
export function neededLibraries(libraries: readonly string[], script: string): string[] {
  const needed = new Set<string>();
  const use = (text: string): void => {
    const lines = text.replaceAll(/^\s*#.*$/gm, '');
    for (const library of libraries) {
      if (needed.has(library) || !namesIn(library).some((name) => new RegExp(`\\b${name}\\b`).test(lines))) continue;
      needed.add(library);
      use(library);
    }
  };
  use(script);
  return libraries.filter((library) => needed.has(library));
}

/** The same with the functions packed, for a document that is large. */
export function packScript(libraries: readonly string[], script: string): string {
  return [
    '#!/bin/bash',
    '# The functions in front of this document, packed; to read them: base64 -d | gunzip',
    "METALS_FUNCTIONS=$(base64 -d <<'METALS_EOF' | gunzip",
    `${packed(joinScript(libraries, ''))}METALS_EOF`,
    ') || exit 1',
    'eval "${METALS_FUNCTIONS}"',
    script.replace(/^#!.*\n/, '').trimEnd(),
    '',
  ].join('\n');
}

/** What would make a document dangerous or impossible to send, one line each. */
export function documentProblems(id: string, declaration: Declaration, script: string): string[] {
  const problems: string[] = [];
  // Systems Manager substitutes {{ … }} in the text of a script that runs as root.
  if (script.includes('{{'))
    problems.push(`${id}/run.sh contains "{{", which Systems Manager would substitute; use jq`);
  if (!(declaration.timeoutSeconds >= 5 && declaration.timeoutSeconds <= 172_800)) {
    problems.push(`${id}/document.yml: timeoutSeconds must be from 5 to 172800, got ${declaration.timeoutSeconds}`);
  }
  for (const [name, parameter] of Object.entries(declaration.parameters ?? {})) {
    if (parameter.interpolationType !== 'ENV_VAR') problems.push(`${id}: parameter ${name} must be an ENV_VAR`);
    if (!parameter.allowedValues && !/^\^.*\$$/.test(parameter.allowedPattern ?? '')) {
      problems.push(`${id}: parameter ${name} needs allowedValues, or an allowedPattern from ^ to $`);
    }
    const uncompiled = patternProblem(parameter.allowedPattern ?? '');
    if (uncompiled)
      problems.push(`${id}: parameter ${name} has a pattern that the agent cannot compile: ${uncompiled}`);
    if (!script.includes(`SSM_${name}`)) problems.push(`${id}: parameter ${name} is declared but never used`);
  }
  return problems;
}

/** Why the agent's regular expressions (Go's RE2) refuse a pattern that JavaScript's may accept; undefined if they take it. */
function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const contentOf = (declaration: Declaration, script: string): Record<string, unknown> => ({
  schemaVersion: '2.2',
  description: declaration.description,
  parameters: declaration.parameters ?? {},
  mainSteps: [
    {
      action: 'aws:runShellScript',
      name: 'run',
      precondition: { StringEquals: ['platformType', 'Linux'] },
      inputs: { timeoutSeconds: String(declaration.timeoutSeconds), runCommand: [script] },
    },
  ],
});

const bytesOf = (content: unknown): number => Buffer.byteLength(JSON.stringify(content));

/** Reads assets/documents/<id>: document.yml, and run.sh behind what it needs of assets/documents/lib and the shared libraries. */
export function loadDocument(id: DocumentId, folder = DOCUMENTS_FOLDER): LoadedDocument {
  const declaration = parse(readFileSync(path.join(folder, id, 'document.yml'), 'utf8')) as Declaration;
  const libraryFolder = path.join(folder, 'lib');
  const runScript = readFileSync(path.join(folder, id, 'run.sh'), 'utf8');
  const common = readFileSync(path.join(libraryFolder, ALWAYS_NEEDED), 'utf8');
  const libraries = readdirSync(libraryFolder)
    .filter((file) => file.endsWith('.sh'))
    .sort()
    .map((file) => path.join(libraryFolder, file))
    .concat(SHARED_LIBRARIES)
    .map((file) => readFileSync(file, 'utf8'));
  const needed = neededLibraries(libraries, `${common}\n${runScript}`);
  const used = libraries.filter((library) => library === common || needed.includes(library));
  const script = joinScript(used, runScript);
  const problems = documentProblems(id, declaration, script);
  if (problems.length) throw new Error(`a document cannot be sent:\n  - ${problems.join('\n  - ')}`);
  const readable = contentOf(declaration, script);
  const content = bytesOf(readable) <= READABLE_BYTES ? readable : contentOf(declaration, packScript(used, runScript));
  if (bytesOf(content) > CONTENT_LIMIT_BYTES) {
    throw new Error(
      `document ${id} has ${bytesOf(content)} bytes with its functions packed, more than the ${CONTENT_LIMIT_BYTES} allowed`,
    );
  }
  return {
    content,
    parameters: Object.keys(declaration.parameters ?? {}),
    timeoutSeconds: declaration.timeoutSeconds,
    hash: createHash('sha256').update(JSON.stringify(content)).digest('hex'),
  };
}

export interface CommandDocumentProps {
  readonly stage: string;
  readonly documentId: DocumentId;
}

/** An SSM document made from its folder under assets/documents. */
export class CommandDocument extends Construct {
  readonly name: string;
  readonly loaded: LoadedDocument;
  readonly resource: ssm.CfnDocument;

  constructor(scope: Construct, id: string, props: CommandDocumentProps) {
    super(scope, id);
    this.name = documentName(props.stage, props.documentId);
    this.loaded = loadDocument(props.documentId);
    this.resource = new ssm.CfnDocument(this, 'Document', {
      name: this.name,
      documentType: 'Command',
      documentFormat: 'JSON',
      content: this.loaded.content,
      targetType: '/AWS::EC2::Instance',
      // The default, Replace, cannot change the content of a document that has a name.
      updateMethod: 'NewVersion',
    });
  }
}
