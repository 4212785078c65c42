import { buildArguments, parseImages } from '../../../lib/lab/docker';

test('a build is one argument array', () => {
  expect(
    buildArguments({ image: 'a:1', directory: '/d', buildArguments: { BASE: 'b:2' }, labels: { what: 'two words' } }),
  ).toEqual(['build', '--force-rm', '--build-arg', 'BASE=b:2', '--label', 'what=two words', '--tag', 'a:1', '/d']);
});

test('images without tags or labels are facts too', () => {
  const json = JSON.stringify([
    { Id: 'sha256:1', RepoTags: ['a:1'], Config: { Labels: { k: 'v' } } },
    { Id: 'sha256:2', RepoTags: null, Config: { Labels: null } },
  ]);
  expect(parseImages(json)).toEqual([
    { id: 'sha256:1', tags: ['a:1'], labels: { k: 'v' } },
    { id: 'sha256:2', tags: [], labels: {} },
  ]);
  expect(parseImages('')).toEqual([]);
});
