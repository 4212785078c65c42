/** A version of before, deployed again: what documents and associations are told, and what is built for it. */
import { formatRelease } from '../../../lib/release';
import { synthesise } from './synthesise';

const SHA256 = 'a'.repeat(64);
const images = 'edge=registry/repository:1,producer=registry/repository:2';
const release = formatRelease({ bundleKey: `metals/test/${SHA256}.gz`, bundleSha256: SHA256, images });

it('is told to every document and association, in the place of what this checkout is', () => {
  const { pipeline } = synthesise({ release });
  const parametersOf = (document: string): Record<string, unknown> =>
    Object.values(pipeline.findResources('Custom::RunCommand')).find(
      ({ Properties }) => Properties.DocumentName === `metals-test-${document}`,
    )!.Properties.Parameters;
  expect(parametersOf('stack-deploy')).toMatchObject({
    BundleKey: `metals/test/${SHA256}.gz`,
    BundleSha256: SHA256,
    Images: images,
  });
  expect(parametersOf('node-prepare')).toMatchObject({ Images: images });
  pipeline.hasResourceProperties('AWS::SSM::Association', {
    AssociationName: 'metals-test-secrets',
    Parameters: { BundleSha256: [SHA256], Images: [images] },
  });
  pipeline.hasResourceProperties('AWS::SSM::Association', {
    AssociationName: 'metals-test-reprepare',
    Parameters: { Images: [images] },
  });
});

it('lies where other bundles lie', () => {
  const bucketOf = (settings: Record<string, string>): string =>
    JSON.stringify(
      Object.values(synthesise(settings).pipeline.findResources('Custom::RunCommand')).find(
        ({ Properties }) => Properties.DocumentName === 'metals-test-stack-deploy',
      )!.Properties.Parameters.BundleBucket,
    );
  expect(bucketOf({ release })).toBe(bucketOf({}));
});
