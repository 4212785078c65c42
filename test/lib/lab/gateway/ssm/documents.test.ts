import { describeDocument, Documents, type DocumentsData } from '../../../../../lib/lab/gateway/ssm/documents';
import { removeStores, temporaryStore } from '../support/fixtures';

afterEach(removeStores);

const content = (command: string) => ({
  schemaVersion: '2.2',
  parameters: { Name: { type: 'String', default: 'x' } },
  mainSteps: [{ action: 'aws:runShellScript', name: 'run', inputs: { runCommand: [command] } }],
});
function setUp() {
  const changed: string[] = [];
  const documents = new Documents(temporaryStore<DocumentsData>({ documents: {} }), (name) => void changed.push(name));
  documents.create({ Name: 'doc', Content: content('one') });
  return { changed, documents };
}

test.each([
  [{ Name: 'doc', Content: content('one') }, 'Document with same name doc already exists'],
  [{ Name: 'a b', Content: content('one') }, "invalid document name 'a b'"],
  [
    { Name: 'AWS-RunShellScript', Content: content('one') },
    'Document with same name AWS-RunShellScript already exists',
  ],
  [
    { Name: 'new', Content: content('one'), DocumentType: 'Automation' },
    "document type 'Automation'; the lab has Command only",
  ],
])('refuses to create %j', (input, message) => {
  expect(() => setUp().documents.create(input)).toThrow(message);
});

test('refuses a version with the same content, in the words of the API', () => {
  const { documents } = setUp();
  expect(() => documents.addVersion({ Name: 'doc', Content: content('one') })).toThrow(
    expect.objectContaining({ code: 'DuplicateDocumentContent' }),
  );
});

test('refuses versions and documents that do not exist', () => {
  const { documents } = setUp();
  expect(() => documents.content(documents.get('doc'), '2')).toThrow("document doc has versions 1 to 1, not '2'");
  expect(() => documents.get('none')).toThrow('Document with name none does not exist.');
  expect(() => documents.delete('AWS-RunShellScript')).toThrow('is owned by Amazon and cannot be changed');
});

test('a new version is the latest, but the default only once it is set', () => {
  const { changed, documents } = setUp();
  const document = documents.addVersion({ Name: 'doc', Content: content('two') });
  expect(documents.versionNumber(document)).toBe(1);
  expect(documents.versionNumber(document, '$LATEST')).toBe(2);
  expect(changed).toEqual([]);
  documents.setDefaultVersion('doc', 2);
  documents.setDefaultVersion('doc', 2);
  expect(documents.versionNumber(document, '$DEFAULT')).toBe(2);
  expect(changed).toEqual(['doc']);
});

test('is found by ARN, and describes itself', () => {
  const { documents } = setUp();
  const document = documents.get('arn:aws:ssm:eu-west-1:000000000000:document/doc');
  expect(describeDocument(document, 1)).toMatchObject({
    Name: 'doc',
    Status: 'Active',
    LatestVersion: '1',
    Parameters: [{ Name: 'Name', Type: 'String', DefaultValue: 'x' }],
  });
});
