/** Pure: images as people tell them apart: without the registry, and with the first characters of the digest. */
export const shortImages = (text: string): string =>
  text.replace(
    /[^\s/]\S*\/([^\s/@]+)@sha256:([0-9a-f]{8})[0-9a-f]*/g,
    (_, repository: string, digest: string) => `${shortRepository(repository)}@${digest}`,
  );

/** The CDK has one repository for all images of an account and region, whose long name says nothing. */
const shortRepository = (name: string): string => name.replace(/^cdk-\w+-container-assets-[\w-]+$/, 'assets');
