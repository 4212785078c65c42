import { EC2_MODEL, EXCHANGE, formCall, problemsOf, QUERY_MODEL } from './support/models';

const VERSION = { Version: '2011-01-01' };
const GROUP = '<member><GroupName>a</GroupName><MinSize>1</MinSize></member>';
const answerWith = (inner: string): string =>
  `<?xml version="1.0"?>\n<DescribeGroupsResponse xmlns="urn:a"><DescribeGroupsResult>${inner}</DescribeGroupsResult>` +
  '<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeGroupsResponse>';

const request = (form: Record<string, string>) =>
  problemsOf(QUERY_MODEL, formCall({ Action: 'DescribeGroups', ...VERSION, ...form }, answerWith('<Groups/>')));
const answer = (xml: string) => problemsOf(QUERY_MODEL, formCall({ Action: 'DescribeGroups', ...VERSION }, xml));

describe('a query API', () => {
  it('has nothing to say about what fits', () => {
    const form = {
      'GroupNames.member.1': 'a',
      'GroupNames.member.2': 'b',
      MaxRecords: '5',
      Wanted: 'true',
      Since: '2026-01-01T00:00:00.000Z',
      'Labels.entry.1.key': 'k',
      'Labels.entry.1.value': 'v',
      'Nested.GroupName': 'a',
      'Nested.MinSize': '1',
      'FlatName.1': 'a',
    };
    expect(request(form)).toEqual([]);
    expect(request({ GroupNames: '' })).toEqual([]);
  });

  it.each([
    ['an unknown field', { Groups: 'a' }, 'the model has no member Groups'],
    ['an unknown field further in', { 'Nested.Group': 'a' }, 'Nested: the model has no member Group'],
    ['a missing member', { 'Nested.GroupName': 'a' }, 'Nested: the required member MinSize is missing'],
    ['a list in EC2’s way', { 'GroupNames.1': 'a' }, 'GroupNames: has a number, expected member.1, member.2…'],
    ['a text for a list', { GroupNames: 'a' }, 'GroupNames: a text, expected a list'],
    ['an item without a number', { 'GroupNames.member.x': 'a' }, 'GroupNames: has x, expected numbers from 1 on'],
    ['a text for a structure', { Nested: 'a' }, 'Nested: a text, expected a structure'],
    ['members of a text', { 'MaxRecords.1': 'a' }, 'MaxRecords: has members, expected the text of a integer'],
    ['a wrong boolean', { Wanted: 'True' }, "Wanted: a text, expected the text 'true' or 'false'"],
    ['a wrong integer', { MaxRecords: 'all' }, 'MaxRecords: a text, expected the digits of an integer'],
    ['too large an integer', { MaxRecords: '101' }, 'MaxRecords: 101, expected at most 100'],
    ['a wrong time', { Since: 'today' }, 'Since: a text, expected a time as iso8601 writes it'],
    ['half an entry', { 'Labels.entry.1.key': 'k' }, 'Labels: an entry that is not one key and one value'],
    ['another version', { Version: '2010-01-01' }, 'Version is 2010-01-01, expected 2011-01-01'],
  ])('finds %s in a request', (_, form, problem) => {
    expect(request(form as Record<string, string>)).toContain(`request: ${problem}`);
  });

  it('finds what an operation needs and was not given', () => {
    const xml = '<DeleteGroupResponse><ResponseMetadata/></DeleteGroupResponse>';
    expect(problemsOf(QUERY_MODEL, formCall({ Action: 'DeleteGroup', ...VERSION }, xml))).toEqual([
      'request: the required member GroupName is missing',
    ]);
    expect(problemsOf(QUERY_MODEL, formCall({ Action: 'DropGroup', ...VERSION }, xml))).toEqual([
      'request: the model has no such operation',
    ]);
  });

  it('reads a presigned GET as well', () => {
    const url =
      '/?Action=DeleteGroup&Version=2011-01-01&GroupName=a&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0';
    const xml = Buffer.from('<DeleteGroupResponse/>');
    expect(problemsOf(QUERY_MODEL, { ...EXCHANGE, method: 'GET', url, answerBody: xml })).toEqual([]);
  });

  it.each([
    ['what fits', `<Groups>${GROUP}</Groups><NextToken>t</NextToken>`, []],
    ['a map that fits', '<Groups/><Labels><entry><key>k</key><value>v</value></entry></Labels>', []],
    [
      'a flattened list that fits',
      `<Groups>${GROUP.replace('</member>', '<FlatName>a</FlatName><FlatName>b</FlatName></member>')}</Groups>`,
      [],
    ],
    ['a missing list', '', ['the required member Groups is missing']],
    ['an unknown element', '<Groups/><Next>t</Next>', ['the model has no member Next']],
    [
      'an unknown element further in',
      `<Groups>${GROUP.replace('<MinSize>', '<Min>1</Min><MinSize>')}</Groups>`,
      ['Groups[]: the model has no member Min'],
    ],
    [
      'EC2’s item',
      `<Groups>${GROUP.replace(/member/g, 'item')}</Groups>`,
      ['Groups: the list has an element item, expected member'],
    ],
    [
      'an empty number',
      '<Groups><member><GroupName>a</GroupName><MinSize/></member></Groups>',
      ['Groups[].MinSize: a text, expected the digits of an integer'],
    ],
    [
      'a boolean of Python',
      `<Groups>${GROUP.replace('</member>', '<IsOpen>True</IsOpen></member>')}</Groups>`,
      ["Groups[].IsOpen: a text, expected the text 'true' or 'false'"],
    ],
    [
      'a time without zone',
      `<Groups>${GROUP.replace('</member>', '<CreatedTime>2026-01-01 00:00</CreatedTime></member>')}</Groups>`,
      ['Groups[].CreatedTime: a text, expected a time as iso8601 writes it'],
    ],
    [
      'an element twice',
      '<Groups/><NextToken>a</NextToken><NextToken>b</NextToken>',
      ['NextToken: stands more than once'],
    ],
    [
      'elements for a text',
      '<Groups/><NextToken><a/></NextToken>',
      ['NextToken: has elements, expected the text of a string'],
    ],
    [
      'a list in place of a map',
      '<Groups/><Labels><member>a</member></Labels>',
      ['Labels: the map has an element member that is not one key and one value'],
    ],
  ])('finds in an answer %s', (_, inner, problems) => {
    expect(answer(answerWith(inner))).toEqual(problems.map((problem) => `answer: ${problem}`));
  });

  it('finds a missing wrapper, broken XML, and output where there is none', () => {
    expect(answer('<DescribeGroupsResponse><Groups/></DescribeGroupsResponse>')).toEqual([
      'answer: the element DescribeGroupsResult is missing',
    ]);
    expect(answer('<a><b></a>')).toEqual(['answer: the XML closes <a> at character 10, where <b> is open']);
    const form = { Action: 'DeleteGroup', ...VERSION, GroupName: 'a' };
    expect(problemsOf(QUERY_MODEL, formCall(form, '<R><DeleteGroupResult><Id>1</Id></DeleteGroupResult></R>'))).toEqual(
      ['answer: has an element DeleteGroupResult, but the operation has no output'],
    );
  });

  it('finds errors that are not where the SDKs look for them', () => {
    const failed = (xml: string) => problemsOf(QUERY_MODEL, formCall({ Action: 'DescribeGroups' }, xml, 400));
    expect(failed('<ErrorResponse><Error><Code>c</Code><Message>m</Message></Error></ErrorResponse>')).toEqual([]);
    expect(failed('<Error><Code>c</Code><Message>m</Message></Error>')).toEqual([
      'answer: an error that is not at ErrorResponse/Error',
    ]);
    expect(failed('<ErrorResponse><Error><Message>m</Message></Error></ErrorResponse>')).toEqual([
      'answer: an error without Code',
    ]);
  });
});

describe('EC2', () => {
  const EC2_VERSION = { Version: '2016-11-15' };
  const call = (form: Record<string, string>, xml = '<R><requestId>r</requestId><instancesSet/></R>') =>
    problemsOf(EC2_MODEL, formCall({ Action: 'DescribeInstances', ...EC2_VERSION, ...form }, xml));

  it('has nothing to say about what fits', () => {
    const form = {
      'InstanceId.1': 'i-1',
      'Filter.1.Name': 'a',
      'Filter.1.Value.1': 'b',
      DryRun: 'false',
      Strange: 'x',
    };
    const item =
      '<item><instanceId>i</instanceId><state>running</state><launchTime>2026-01-01T00:00:00Z</launchTime></item>';
    expect(call(form, `<R><requestId>r</requestId><instancesSet>${item}</instancesSet></R>`)).toEqual([]);
    const deleted = formCall({ Action: 'DeleteVolume', ...EC2_VERSION, VolumeId: 'v' }, '<R><return>true</return></R>');
    expect(problemsOf(EC2_MODEL, deleted)).toEqual([]);
  });

  it.each([
    [
      'lists of the query protocol',
      { 'InstanceId.member.1': 'a' },
      'InstanceIds: has member, expected numbers from 1 on',
    ],
    ['the member’s name in the model', { 'InstanceIds.1': 'a' }, 'the model has no member InstanceIds'],
    ['a name as the answers have it', { dryRun: 'true' }, 'the model has no member dryRun'],
    ['the location’s name where there is another for queries', { Odd: 'x' }, 'the model has no member Odd'],
  ])('finds %s in a request', (_, form, problem) => {
    expect(call(form as Record<string, string>)).toContain(`request: ${problem}`);
  });

  it.each([
    ['an unknown element', '<reservationSet/>', 'the model has no member reservationSet'],
    [
      'another name of items',
      '<instancesSet><member/></instancesSet>',
      'Instances: the list has an element member, expected item',
    ],
    [
      'an unknown state',
      '<instancesSet><item><state>up</state></item></instancesSet>',
      "Instances[].State: 'up' is not a value of the enumeration pending, running",
    ],
  ])('finds %s in an answer', (_, inner, problem) => {
    expect(call({}, `<R>${inner}</R>`)).toEqual([`answer: ${problem}`]);
  });

  it('has errors in a place of its own', () => {
    const failed = (xml: string) => problemsOf(EC2_MODEL, formCall({ Action: 'DescribeInstances' }, xml, 400));
    expect(failed('<Response><Errors><Error><Code>c</Code><Message>m</Message></Error></Errors></Response>')).toEqual(
      [],
    );
    expect(failed('<ErrorResponse><Error/></ErrorResponse>')).toEqual([
      'answer: an error that is not at Response/Errors/Error',
    ]);
  });
});
