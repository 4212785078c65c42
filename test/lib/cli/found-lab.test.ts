import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLab } from '../../../lib/cli/found-lab';
import { envFileText, labEnvironment } from '../../../lib/lab/lab-files';
import { DEFAULT_OPTIONS } from '../../../lib/lab/options';

const homeDirectory = mkdtempSync(join(tmpdir(), 'found-lab-'));
const places = { homeDirectory, labFile: join(homeDirectory, 'env') };
const LAB = labEnvironment(DEFAULT_OPTIONS, 'a-secret_of-base64url');

beforeEach(() => writeFileSync(places.labFile, envFileText(LAB)));
afterAll(() => rmSync(homeDirectory, { recursive: true }));

test('the lab is found by the file that it writes', () => {
  expect(findLab({ HOME: '/root', METALS_STAGE: 'blue' }, {}, places)).toEqual(LAB);
});

test.each(['AWS_PAGER', 'AWS_CA_BUNDLE', 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'AWS_CLI_AUTO_PROMPT'])(
  '%s says nothing of where AWS is',
  (name) => expect(findLab({ [name]: '1' }, {}, places)).toEqual(LAB),
);

test.each(['AWS_PROFILE', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_ENDPOINT_URL', 'AWS_WEB_IDENTITY_TOKEN_FILE'])(
  'not with %s',
  (name) => expect(findLab({ [name]: 'x' }, {}, places)).toBeUndefined(),
);

test.each([{ region: 'eu-west-1' }, { profile: 'work' }])('not with a flag: %p', (flags) => {
  expect(findLab({}, flags, places)).toBeUndefined();
});

test.each(['config', 'credentials'])('not where there is ~/.aws/%s', (name) => {
  mkdirSync(join(homeDirectory, '.aws'), { recursive: true });
  writeFileSync(join(homeDirectory, '.aws', name), '');
  expect(findLab({}, {}, places)).toBeUndefined();
  rmSync(join(homeDirectory, '.aws'), { recursive: true });
});

test('not without a lab', () => {
  rmSync(places.labFile);
  expect(findLab({}, {}, places)).toBeUndefined();
});
