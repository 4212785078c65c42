/** Documents with their versions. */
import { createHash } from 'node:crypto';
import { LAB_ACCOUNT_ID } from '../../../contract';
import { AwsError } from '../errors';
import type { Store } from '../store';
import { parseContent, type DocumentContent } from './document-content';
import type { Tag } from '../types';

interface DocumentVersion {
  readonly content: DocumentContent;
  readonly createdTime: number;
}

export interface DocumentRecord {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly versions: DocumentVersion[];
  defaultVersion: number;
  tags: Tag[];
}

export interface DocumentsData {
  documents: Record<string, DocumentRecord>;
}

export interface DocumentInput {
  readonly Name: string;
  readonly Content: unknown;
  readonly DocumentType?: string;
  readonly DocumentFormat?: string;
  readonly Tags?: readonly Tag[];
}

/** Amazon's own document that the lab brings along; it belongs to nobody's templates. */
const RUN_SHELL_SCRIPT: DocumentRecord = {
  name: 'AWS-RunShellScript',
  type: 'Command',
  format: 'JSON',
  defaultVersion: 1,
  tags: [],
  versions: [
    {
      createdTime: 0,
      content: {
        schemaVersion: '2.2',
        description: 'Run a shell script or specify the commands to run.',
        parameters: {
          commands: { type: 'StringList', description: 'The commands to run or the path to an existing script.' },
          workingDirectory: { type: 'String', default: '', description: 'The path to the working directory.' },
          executionTimeout: { type: 'String', default: '3600', allowedPattern: '^[1-9][0-9]{0,5}$' },
        },
        mainSteps: [
          {
            action: 'aws:runShellScript',
            name: 'aws-runShellScript',
            inputs: {
              timeoutSeconds: '{{ executionTimeout }}',
              workingDirectory: '{{ workingDirectory }}',
              runCommand: ['{{ commands }}'],
            },
          },
        ],
      },
    },
  ],
};

export class Documents {
  constructor(
    private readonly store: Store<DocumentsData>,
    /** Called when what `$DEFAULT` means has changed. */
    private readonly onDefaultChanged: (name: string) => void = () => undefined,
  ) {}

  create(input: DocumentInput): DocumentRecord {
    const { Name: name, DocumentType: type = 'Command', DocumentFormat: format = 'JSON' } = input;
    if (!/^[A-Za-z0-9_.-]{3,128}$/.test(name))
      throw new AwsError('ValidationException', `invalid document name '${name}'`);
    if (type !== 'Command')
      throw new AwsError('ValidationException', `document type '${type}'; the lab has Command only`);
    if (this.find(name)) {
      throw new AwsError('DocumentAlreadyExists', `Document with same name ${name} already exists`);
    }
    const document: DocumentRecord = {
      name,
      type,
      format,
      versions: [{ content: parseContent(input.Content, format), createdTime: Date.now() / 1000 }],
      defaultVersion: 1,
      tags: [...(input.Tags ?? [])],
    };
    this.store.update((data) => void (data.documents[name] = document));
    return document;
  }

  /** Adds a version; `$DEFAULT` stays what it is. */
  addVersion(input: Pick<DocumentInput, 'Name' | 'Content' | 'DocumentFormat'>): DocumentRecord {
    const document = this.own(input.Name);
    const content = parseContent(input.Content, input.DocumentFormat ?? document.format);
    if (JSON.stringify(content) === JSON.stringify(document.versions.at(-1)!.content)) {
      throw new AwsError(
        'DuplicateDocumentContent',
        'The content of the association document matches another document. Change the content of the document and try again.',
      );
    }
    this.store.update(() => void document.versions.push({ content, createdTime: Date.now() / 1000 }));
    return document;
  }

  setDefaultVersion(name: string, version: number): DocumentRecord {
    const document = this.own(name);
    this.content(document, String(version));
    if (document.defaultVersion !== version) {
      this.store.update(() => void (document.defaultVersion = version));
      this.onDefaultChanged(name);
    }
    return document;
  }

  setTags(name: string, tags: readonly Tag[]): void {
    const document = this.own(name);
    this.store.update(() => void (document.tags = [...tags]));
  }

  delete(name: string): void {
    this.own(name);
    this.store.update((data) => void delete data.documents[name]);
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  list(): DocumentRecord[] {
    return [...Object.values(this.store.data.documents), RUN_SHELL_SCRIPT];
  }

  /** By name or ARN. */
  get(nameOrArn: string): DocumentRecord {
    const document = this.find(nameOrArn);
    if (document) return document;
    throw new AwsError('InvalidDocument', `Document with name ${nameOrArn} does not exist.`);
  }

  private find(nameOrArn: string): DocumentRecord | undefined {
    const name = String(nameOrArn).replace(/^arn:[^/]*\//, '');
    return name === RUN_SHELL_SCRIPT.name ? RUN_SHELL_SCRIPT : this.store.data.documents[name];
  }

  private own(name: string): DocumentRecord {
    const document = this.get(name);
    if (document !== RUN_SHELL_SCRIPT) return document;
    throw new AwsError('AccessDeniedException', `${name} is owned by Amazon and cannot be changed`);
  }

  /** `$DEFAULT`, `$LATEST` or a number as a number. */
  versionNumber(document: DocumentRecord, version?: string): number {
    if (version === undefined || version === '' || version === '$DEFAULT') return document.defaultVersion;
    return version === '$LATEST' ? document.versions.length : Number(version);
  }

  content(document: DocumentRecord, version?: string): DocumentContent {
    const found = document.versions[this.versionNumber(document, version) - 1];
    if (found) return found.content;
    throw new AwsError(
      'InvalidDocumentVersion',
      `document ${document.name} has versions 1 to ${document.versions.length}, not '${version}'`,
    );
  }
}

/** DocumentDescription of the API. */
export function describeDocument(document: DocumentRecord, version: number): Record<string, unknown> {
  const { content } = document.versions[version - 1]!;
  return {
    Name: document.name,
    Owner: ownerOf(document),
    CreatedDate: document.versions[version - 1]!.createdTime,
    Status: 'Active',
    Description: content.description,
    DocumentVersion: String(version),
    LatestVersion: String(document.versions.length),
    DefaultVersion: String(document.defaultVersion),
    DocumentType: document.type,
    DocumentFormat: document.format,
    SchemaVersion: content.schemaVersion,
    PlatformTypes: ['Linux'],
    HashType: 'Sha256',
    Hash: createHash('sha256').update(JSON.stringify(content)).digest('hex'),
    Tags: document.tags,
    Parameters: Object.entries(content.parameters ?? {}).map(([Name, parameter]) => ({
      Name,
      Type: parameter.type,
      Description: parameter.description,
      DefaultValue: parameter.default === undefined ? undefined : String(parameter.default),
    })),
  };
}

export const ownerOf = (document: DocumentRecord): string =>
  document === RUN_SHELL_SCRIPT ? 'Amazon' : LAB_ACCOUNT_ID;
